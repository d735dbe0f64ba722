"""The messages of a worker."""

import pickle
from traceback import format_exception
from typing import Any

from attrs import define

from globscope.errors import PoolError
from globscope.workers.pickles import pickle_by_path

# How the note begins that an exception of a worker has.
FROM_WORKER = "In a worker process:\n"


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
    """The exception that an item raised."""

    error: BaseException


Message = Ready | Report | Done | Failed


def pickle_outcome(outcome: Done | Failed) -> bytes:
    """Return an outcome as bytes, an exception with its traceback as note; a failure where it cannot be pickled."""
    if isinstance(outcome, Failed):
        outcome.error.add_note(FROM_WORKER + "".join(format_exception(outcome.error)))
    try:
        content = pickle_by_path(outcome)
        if isinstance(outcome, Failed):
            pickle.loads(content)  # noqa: S301 - exceptions that want more arguments than they keep fail only here
    except Exception as error:  # noqa: BLE001 - a stranger's class may raise anything
        what = f"raised {outcome.error!r}, which" if isinstance(outcome, Failed) else "returned a value that"
        return pickle_by_path(Failed(PoolError(f"work in a worker process {what} cannot be sent back: {error}")))
    return content


def is_from_worker(error: BaseException) -> bool:
    """Return whether work in a worker raised an exception."""
    return any(note.startswith(FROM_WORKER) for note in vars(error).get("__notes__", ()))
