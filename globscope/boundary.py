"""The boundary around code from outside: any exception that it raises, except Ctrl-C, is its failure.

Calls of one component are wrapped in `component_errors(registry, component)`. Whole computations are wrapped in it
without a component, so that no call is missed: the exception's traceback then shows whose code failed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from functools import wraps
from traceback import walk_tb
from types import FrameType
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from globscope.distributions import OWN
from globscope.errors import EvaluationError, GlobscopeError, PluginError, UserCodeError
from globscope.memory import first_line, is_out_of_memory
from globscope.references import describe, loaded_code
from globscope.registry import Component, Registry
from globscope.workers import is_from_worker

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


class HasRegistry(Protocol):
    """An object with a registry of components."""

    @property
    def registry(self) -> Registry:
        """All components."""
        ...


@contextmanager
def component_errors(registry: Registry, component: Any = None) -> Iterator[None]:
    """Turn exceptions of code from outside into errors that name its distribution, or the user's file.

    Args:
        registry: The registry of all components.
        component: The component that is called; if unset, only exceptions that passed through such code are turned.

    Raises:
        EvaluationError: A component ran out of memory.
        PluginError: The code is a component's.
        UserCodeError: The code is a `file.py:name` of the user's.
    """
    try:
        yield
    except (GlobscopeError, KeyboardInterrupt):
        raise
    except BaseException as error:
        failure = _lack_of_memory(registry, component, error) if is_out_of_memory(error) else None
        if failure is None and not _is_disk_full(error):
            failure = _failure(registry, component, error)
        if failure is None:
            raise
        raise failure from error


Owner = TypeVar("Owner", bound=HasRegistry)


def within_boundary(
    computation: Callable[Concatenate[Owner, Arguments], Returned],
) -> Callable[Concatenate[Owner, Arguments], Returned]:
    """Run a computation on an object with a registry within `component_errors` of that registry."""

    @wraps(computation)
    def run(owner: Owner, /, *args: Arguments.args, **options: Arguments.kwargs) -> Returned:
        with component_errors(owner.registry):
            return computation(owner, *args, **options)

    return run


def _failure(registry: Registry, component: Any, error: BaseException) -> GlobscopeError | None:
    """Return the error of the innermost code from outside that an exception passed through; None if there is none."""
    called = None if component is None else registry.of(component)
    passed_on = is_from_worker(error)  # by the pool, which did not raise it
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        module = str(frame.f_globals.get("__name__", ""))
        if code := loaded_code(module):
            return UserCodeError(f"{code} raised {describe(error, code.folder)}")
        if candidates := [
            c
            for c in registry.components
            if c.distribution != OWN and _belongs(module, c.cls.__module__) and not (passed_on and c.role == "pool")
        ]:
            return _component_failure(_label(candidates, called, frames), error)
    return None if called is None or called.distribution == OWN else _component_failure(called.label, error)


def _belongs(module: str, component: str) -> bool:
    """Return whether a module belongs to a component's package; in our own package, only its module does."""
    package = component.partition(".")[0]
    return module == component if package == OWN else module.partition(".")[0] == package


def _label(candidates: Sequence[Component], called: Component | None, frames: Sequence[FrameType]) -> str:
    """Return the label of the component at work among those of one package; the package's where it is unclear."""
    at_work = {type(frame.f_locals.get("self")) for frame in frames}
    known = [c for c in candidates if c is called] or [c for c in candidates if c.cls in at_work] or candidates
    return known[0].label if len(known) == 1 else f"{known[0].distribution} {known[0].version}"


def _component_failure(label: str, error: BaseException) -> PluginError:
    return PluginError(f"{label} failed: {describe(error)}")


def _lack_of_memory(registry: Registry, component: Any, error: BaseException) -> GlobscopeError | None:
    """Return the error of a component that ran out of memory; None where no component is known to be at work."""
    if component is None:
        return None
    return EvaluationError(f"{registry.of(component).label} ran out of memory: {first_line(error)}")


def _is_disk_full(error: BaseException) -> bool:
    """Return whether the disk is full, which is not a component's failure."""
    return isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT)
