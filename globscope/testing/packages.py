"""The checks of all components of an installed package, or of one component by its name."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import define

from globscope.api import GivesQuickExamples, GlobscopeError, PluginError, SpecError, capability
from globscope.distributions import normalise
from globscope.references import describe
from globscope.registry import Component, Registry
from globscope.spec.overrides import override
from globscope.spec.paths import InvalidError
from globscope.spec.structure import converter
from globscope.testing.check import NotReachedError
from globscope.testing.contract_run import ContractRun
from globscope.testing.roles import role_of

# Why a component must have examples.
EXAMPLES_MATTER = "`globscope plugin check` checks a component with its examples where no options are given."


@define(frozen=True, kw_only=True)
class Outcome:
    """What the checks of one component found.

    Attributes:
        title: Role, name and options of the component.
        passed: How many checks passed.
        violations: What each check that failed found, with the reason for the check.
        unreached: How many checks say nothing since others fail.
        unchecked: Why nothing was checked; empty where it was.
    """

    title: str
    passed: int = 0
    violations: tuple[tuple[str, str], ...] = ()
    unreached: int = 0
    unchecked: str = ""


def components_named(registry: Registry, name: str) -> list[Component]:
    """Return the components of a package of this name, or those of this name, in whatever role.

    Raises:
        PluginError: There is no such package and no such component.
    """
    found = [one for one in registry.components if normalise(one.distribution) == normalise(name)]
    found = found or [one for one in registry.components if one.name == name]
    if not found and not package_problems(registry, name):
        known = {text for one in registry.components for text in (one.distribution, one.name)}
        raise PluginError(f"no installed package or component is called {name!r}; {registry.hint(name, known)}")
    return found


def package_problems(registry: Registry, name: str) -> list[str]:
    """Return what is wrong with a package as a whole."""
    return [text for text in registry.problems if normalise(text.partition(" ")[0]) == normalise(name)]


def check_examples(component: Component, overrides: Sequence[str] = ()) -> Iterator[Outcome]:
    """Yield what the checks find of a component's quick examples, or of the component with its defaults.

    Args:
        component: The component.
        overrides: Options in place of the examples, `KEY=VALUE` as `--set` takes them.

    Raises:
        SpecError: The component has no such options.
    """
    title = f"{component.role} {component.name}"
    if overrides:
        examples = [_with_options(component.cls, overrides)]
    else:
        try:
            examples = _examples(component.cls)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a component may raise anything
            yield _without_examples(title, component, error)
            return
    if not examples:
        yield Outcome(title=title, violations=(("quick_examples() returns nothing", EXAMPLES_MATTER),))
    for example in examples:
        yield _outcome(f"{title} {str(example).partition('(')[2].rstrip(')')}".rstrip(), example)


def _examples(cls: type) -> list[Any]:
    """Return a class's quick examples, or one component with its defaults."""
    giving = capability(cls, GivesQuickExamples)
    return [cls()] if giving is None else list(giving.quick_examples())


def _without_examples(title: str, component: Component, error: BaseException) -> Outcome:
    """Return why a component has no example: what it needs, or what is wrong with those that it gives."""
    needs_options = isinstance(error, TypeError | ValueError | GlobscopeError)
    if needs_options and capability(component.cls, GivesQuickExamples) is None:
        return Outcome(title=title, unchecked=f"{error}; give options by --set, or by quick_examples() of its class")
    if isinstance(error, GlobscopeError | ModuleNotFoundError):  # a package is not installed, say: no option helps
        return Outcome(title=title, unchecked=str(error).removeprefix(f"{component.role}.use: "))
    return Outcome(title=title, violations=((f"cannot make its examples: {describe(error)}", EXAMPLES_MATTER),))


def _outcome(title: str, example: Any) -> Outcome:
    try:
        role_of(example)
    except TypeError as error:
        reason = "The kit knows by its one method which role's checks are meant."
        return Outcome(title=title, violations=((str(error), reason),))
    run, label = ContractRun(example), type(example).__name__
    found = {name: run.violation(name) for name in run.checks}
    missed = [name for name, error in found.items() if isinstance(error, NotReachedError)]
    wrong = [(name, error) for name, error in found.items() if error is not None and name not in missed]
    return Outcome(
        title=title,
        passed=len(found) - len(missed) - len(wrong),
        violations=tuple((str(error).removeprefix(f"{label}: "), run.checks[name].reason) for name, error in wrong),
        unreached=len(missed),
    )


def _with_options(cls: type, overrides: Sequence[str]) -> Any:
    table = dict[str, Any]()
    for text in overrides:
        override(table, text)
    try:
        return converter(Path.cwd()).structure(table, cls)
    except InvalidError as invalid:
        raise SpecError(f"--set {place}: {what}" for place, what in invalid.problems) from invalid
