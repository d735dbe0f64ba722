"""The contract kit: what every component of a role must do, for plugin authors, with or without pytest.

::

    from globscope.testing import check_component, parametrize_contract

    check_component(TopVariance())  # raises ContractError


    @parametrize_contract([TopVariance(), TopVariance(latent_dim=3)])
    def test_contract(check):
        check()
"""

from globscope.testing.claims import ContractError as ContractError
from globscope.testing.contract import (
    check_component as check_component,
    checks_for as checks_for,
    parametrize_contract as parametrize_contract,
)
from globscope.testing.roles import registry_of as registry_of, role_of as role_of
from globscope.testing.tiny.atlas import tiny_atlas as tiny_atlas
from globscope.testing.tiny.bench import tiny_bench as tiny_bench
from globscope.testing.tiny.landscapes import bowls as bowls, two_components as two_components
from globscope.testing.tiny.population import tiny_chart as tiny_chart, tiny_inputs as tiny_inputs
from globscope.testing.tiny.task import tiny_task as tiny_task
from globscope.testing.unit_scores import score_units as score_units
