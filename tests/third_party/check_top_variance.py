"""TopVariance keeps the contract of a reducer."""

from globscope_top_variance import TopVariance

from globscope.testing import parametrize_contract


@parametrize_contract([TopVariance(), TopVariance(latent_dim=3)])
def test_contract(check):
    check()
