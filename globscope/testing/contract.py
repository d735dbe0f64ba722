"""Named checks of a component: as a list, as one call, or as a pytest decorator."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from globscope.api import PluginError, near
from globscope.testing.checks.aligner import AlignerChecks
from globscope.testing.checks.analysis import AnalysisChecks
from globscope.testing.checks.evaluator import EvaluatorChecks
from globscope.testing.checks.options import OptionChecks
from globscope.testing.checks.pool import PoolChecks
from globscope.testing.checks.reducer import ReducerChecks
from globscope.testing.checks.sampler import SamplerChecks
from globscope.testing.checks.task import TaskChecks
from globscope.testing.checks.topology import TopologyChecks
from globscope.testing.claims import ContractError
from globscope.testing.roles import role_of

Check = Callable[[], None]

CHECKS: Mapping[str, type[OptionChecks]] = MappingProxyType(
    {
        "task": TaskChecks,
        "reducer": ReducerChecks,
        "sampler": SamplerChecks,
        "evaluator": EvaluatorChecks,
        "topology": TopologyChecks,
        "aligner": AlignerChecks,
        "analysis": AnalysisChecks,
        "pool": PoolChecks,
    }
)
NO_FAILURES: Mapping[str, str] = MappingProxyType({})


def checks_for(component: Any) -> list[tuple[str, Check]]:
    """Return the named checks of a component's role; each raises a ContractError or returns nothing.

    Checks of one component share what is slow, such as its fits.
    """
    suite = CHECKS.get(role_of(component), OptionChecks)(component)
    return [(name, partial(_run, component, name, check)) for name, check in suite.by_name()]


def check_component(component: Any, *, expected_failures: Mapping[str, str] = NO_FAILURES) -> None:
    """Run all checks of a component.

    Args:
        component: An instance, with options that make it quick.
        expected_failures: Reasons, by name of the check. One that passes all the same is a failure.

    Raises:
        ContractError: With every check that failed, and what was violated.
    """
    checks = checks_for(component)
    _require_known(expected_failures, [name for name, _ in checks])
    violations = []
    for name, check in checks:
        try:
            check()
        except ContractError as error:
            violations += [] if name in expected_failures else [str(error)]
        else:
            expected = expected_failures.get(name)
            label = f"{type(component).__name__}: {name}"
            violations += [f"{label}: passes, although it is expected to fail: {expected}"] if expected else []
    if violations:
        raise ContractError("\n".join(violations))


def parametrize_contract(
    components: Sequence[Any], *, expected_failures: Mapping[str, str] = NO_FAILURES
) -> Callable[[Callable[..., None]], Any]:
    """Return a pytest decorator that runs a test of one argument, `check`, once a component and check.

    Args:
        components: Instances, with options that make them quick.
        expected_failures: Reasons, by name of the check; strict, as in `check_component`.
    """
    import pytest

    checks = [(component, name, check) for component in components for name, check in checks_for(component)]
    _require_known(expected_failures, [name for _, name, _ in checks])
    cases = []
    for component, name, check in checks:
        reason = expected_failures.get(name)
        marks = [pytest.mark.xfail(reason=reason, raises=ContractError, strict=True)] if reason else []
        cases.append(pytest.param(check, id=f"{type(component).__name__}-{name}", marks=marks))
    return pytest.mark.parametrize("check", cases)


def _run(component: Any, name: str, check: Check) -> None:
    """Run one check; what the component itself raises is a violation too."""
    label = f"{type(component).__name__}: {name}"
    try:
        check()
    except (ContractError, PluginError) as error:
        raise ContractError(f"{label}: {error}") from error
    except Exception as error:
        raise ContractError(f"{label}: raised {type(error).__name__}: {error}") from error


def _require_known(expected: Iterable[str], known: Sequence[str]) -> None:
    for name in expected:
        if name not in known:
            raise ValueError(f"expected_failures: there is no check {name!r}; {near(name, set(known))}")
