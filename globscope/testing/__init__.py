"""The contract kit: what every component of a role must do, for plugin authors, with or without pytest.

::

    from globscope.testing import check_component, parametrize_contract

    check_component(TopVariance())  # raises ContractError


    @parametrize_contract([TopVariance(), TopVariance(latent_dim=3)])
    def test_contract(check):
        check()
"""

from globscope.testing.claims import ContractError
from globscope.testing.contract import check_component, checks_for, parametrize_contract
from globscope.testing.roles import registry_of, role_of
from globscope.testing.tiny.atlas import tiny_atlas
from globscope.testing.tiny.bench import tiny_bench
from globscope.testing.tiny.landscapes import bowls, two_components
from globscope.testing.tiny.population import tiny_chart, tiny_inputs
from globscope.testing.tiny.task import tiny_task
from globscope.testing.unit_scores import score_units

__all__ = [
    "ContractError",
    "bowls",
    "check_component",
    "checks_for",
    "parametrize_contract",
    "registry_of",
    "role_of",
    "score_units",
    "tiny_atlas",
    "tiny_bench",
    "tiny_chart",
    "tiny_inputs",
    "tiny_task",
    "two_components",
]
