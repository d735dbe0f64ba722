"""The observer of a study: the command line draws bars from what it hears."""

from collections.abc import Sequence
from pathlib import Path

from globscope.values.chart import Progress


class Observer:
    """Hears of every stage; this one stays silent."""

    def folder(self, folder: Path, *, is_new: bool, other: Path | None) -> None:
        """A run begins, or is continued, in a folder; `other` is that of another run of the same spec, if it is new."""

    def pool(self, name: str, workers: int) -> None:
        """Work is done by the workers of a pool."""

    def steps(self, names: Sequence[str]) -> None:
        """A study begins, which takes these steps in this order; each has any number of stages."""

    def step(self, name: str) -> None:
        """A study comes to one of its steps."""

    def stage(self, name: str) -> Progress:
        """A stage begins; its progress goes to what is returned."""
        del name
        return Progress()

    def waiting(self, name: str) -> None:
        """Another process is computing a stage, or writing a file, that this one needs."""
        self.stage(f"{name}: waiting for another globscope in this folder")

    def cell(self, name: str, number: int, count: int) -> None:
        """A sweep comes to its cell `number` of `count`."""

    def reuse(self, name: str) -> None:
        """A stage's stored result is used again."""

    def warning(self, text: str) -> None:
        """Something that the reader must not miss."""
