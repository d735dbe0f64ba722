"""Named checks of a component: as a list, as one call, or as a pytest decorator."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from globscope.api import near
from globscope.testing.check import NotReachedError
from globscope.testing.claims import ContractError
from globscope.testing.contract_run import ContractRun

NO_FAILURES: Mapping[str, str] = MappingProxyType({})


def checks_for(component: Any) -> list[tuple[str, Callable[[], None]]]:
    """Return the named checks of a component's role; each raises a ContractError or returns nothing.

    Checks of one component share what is slow, such as its fits. A check that says nothing since an earlier one fails
    raises a `NotReachedError`, which is a ContractError.
    """
    run = ContractRun(component)
    return [(name, partial(run.check, name)) for name in run.checks]


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
    found = (_violation(component, name, check, expected_failures.get(name)) for name, check in checks)
    violations = [text for text in found if text]
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
        run = partial(_run_or_skip, check)
        cases.append(pytest.param(run, id=f"{type(component).__name__}-{name}", marks=marks))
    return pytest.mark.parametrize("check", cases)


def _violation(component: Any, name: str, check: Callable[[], None], expected: str | None) -> str:
    """Return what one check finds; empty where it finds what is expected, or nothing by itself."""
    try:
        check()
    except NotReachedError:
        return ""
    except ContractError as error:
        return "" if expected else str(error)
    label = f"{type(component).__name__}: {name}"
    return f"{label}: passes, although it is expected to fail: {expected}" if expected else ""


def _run_or_skip(check: Callable[[], None]) -> None:
    import pytest

    try:
        check()
    except NotReachedError as error:
        pytest.skip(str(error))


def _require_known(expected: Iterable[str], known: Sequence[str]) -> None:
    for name in expected:
        if name not in known:
            raise ValueError(f"expected_failures: there is no check {name!r}; {near(name, set(known))}")
