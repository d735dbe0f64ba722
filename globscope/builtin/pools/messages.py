"""What a worker process says."""

from typing import Any

from attrs import define


@define(frozen=True)
class Ready:
    """It has started."""


@define(frozen=True)
class Report:
    """It is in the middle of an item; arguments of a Progress."""

    done: int
    total: int
    figures: dict[str, float]


@define(frozen=True)
class Done:
    """It has done an item."""

    result: Any


@define(frozen=True)
class Failed:
    """What an item raised."""

    error: BaseException
