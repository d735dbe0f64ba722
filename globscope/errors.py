"""The errors that GlobScope raises on purpose.

::

    GlobscopeError
    ├── SpecError          a study's file: all of its problems at once
    ├── PluginError        a component that cannot be found or loaded
    ├── UserCodeError      a `file.py:name` that is missing or fails
    ├── PopulationError    checkpoints that do not fit, or a training that cannot start
    ├── EvaluationError    a network that cannot be evaluated
    ├── SymmetryError      a network whose exchangeable units cannot be found, or a permutation that does not fit
    ├── PoolError          workers that cannot be started, or work that ends them
    ├── RunError           a run folder that is missing, unfinished or in use
    ├── DataError          a public data set that cannot be downloaded
    └── FileError          a file that cannot be read or written

The command line prints their text and exits with code 2; any other exception is a defect of GlobScope.
"""

import difflib
import heapq
from collections.abc import Iterable
from typing import Any

# The most letters of a word to compare with known names, names to compare it with, and names to list.
LONGEST_WORD, SEARCHED, LISTED = 100, 1000, 60


class GlobscopeError(Exception):
    """An error whose text says what went wrong, where, and what would be accepted."""


class SpecError(GlobscopeError):
    """All problems of one spec.

    Attributes:
        problems: One sentence for each problem: its place, what is wrong, what is accepted or similar.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)  # pickled, since errors also come from other processes


class PluginError(GlobscopeError):
    """A component that cannot be found or loaded."""


class UserCodeError(GlobscopeError):
    """A `file.py:name` that is missing or fails."""


class PopulationError(GlobscopeError):
    """Checkpoints that do not fit the model, or a training that cannot start."""


class EvaluationError(GlobscopeError):
    """A network that cannot be evaluated."""


class SymmetryError(GlobscopeError):
    """A network whose exchangeable units cannot be found, or a permutation that does not fit it."""


class PoolError(GlobscopeError):
    """Workers that cannot be started, or work that ends them."""


class RunError(GlobscopeError):
    """A run folder that is missing, unfinished or in use."""


class DataError(GlobscopeError):
    """A public data set that cannot be downloaded."""


class FileError(GlobscopeError):
    """A file that cannot be read or written: damaged, of another format, too large."""


def near(word: str, known: Iterable[str]) -> str:
    """Return the end of a message: the similar name, or the known names; the search is bounded."""
    names = sorted(known)
    if (similar := similar_name(word, names)) is not None:
        return f"did you mean {similar!r}?"
    more = f", … ({len(names):,} in all)" if len(names) > LISTED else ""
    return f"known: {', '.join(names[:LISTED])}{more}" if names else "there is none"


def similar_name(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like a word, if one is like it; the search is bounded."""
    # A library such as transformers has thousands of names; the similar one is about as long.
    alike = heapq.nsmallest(SEARCHED, sorted(known), key=lambda name: abs(len(name) - len(word)))
    close = difflib.get_close_matches(word, alike, n=1, cutoff=0.6) if len(word) <= LONGEST_WORD else []
    return close[0] if close else None
