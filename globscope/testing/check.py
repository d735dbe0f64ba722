"""What a check states of itself: what must hold, why, which members it is about, and after which checks it comes."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from attrs import define

from globscope.testing.claims import ContractError

Method = TypeVar("Method", bound=Callable[..., None])


@define(frozen=True, kw_only=True)
class Check:
    """One check of a role.

    Attributes:
        name: Name of its method.
        wanted: What must hold, in a sentence.
        reason: Why it must, in a sentence or two.
        covers: Names of the optional members and traits that it is about, such as `restore` or `Chart.flat`.
        after: Names of the checks without which it says nothing.
    """

    name: str
    wanted: str
    reason: str
    covers: tuple[str, ...]
    after: tuple[str, ...]


class NotReachedError(ContractError):
    """A check that says nothing, since one that it comes after fails."""


def covers(*members: str) -> Callable[[Method], Method]:
    """Return a decorator: the check is about these optional members of its role."""
    return _stating("covers", members)


def after(*checks: str) -> Callable[[Method], Method]:
    """Return a decorator: where one of these checks fails, this one would only say the same in other words."""
    return _stating("after", checks)


def check_of(name: str, method: Any) -> Check:
    """Return what a method of checks states."""
    wanted, _, reason = (inspect.getdoc(method) or "").partition("\n\n")
    stated = vars(method)
    return Check(
        name=name,
        wanted=" ".join(wanted.split()),
        reason=" ".join(reason.partition("\n\n")[0].split()),
        covers=stated.get("covers", ()),
        after=stated.get("after", ()),
    )


def _stating(kind: str, names: tuple[str, ...]) -> Callable[[Method], Method]:
    def state(method: Method) -> Method:
        vars(method)[kind] = (*vars(method).get(kind, ()), *names)
        return method

    return state
