"""How much of a study a process computes: all of it, what comes before a stage, or its share of what can be divided."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

from attrs import define

from globscope.errors import GlobscopeError, SpecError, near
from globscope.pipeline.stage_keys import Stage

Item = TypeVar("Item")
# Stages that shards can divide: their own parts, or the parts that others are made of.
DIVISIBLE = (
    Stage.TRAIN,
    Stage.ALIGNED,
    Stage.DERIVE,
    Stage.SPACE,
    Stage.REDUCE,
    Stage.EVALUATE,
    Stage.ANALYSIS,
)
MADE_OF_PARTS = (Stage.ALIGNED, Stage.DERIVE, Stage.ANALYSIS)
# In this order stages come, as far as one process can stop before one and another continue.
STOPS = (
    Stage.TRAIN,
    Stage.POPULATION,
    Stage.LEARN,
    Stage.ALIGNED,
    Stage.DERIVE,
    Stage.COMPRESSED,
    Stage.SPACE,
    Stage.REDUCE,
    Stage.SAMPLE,
    Stage.EVALUATE,
    Stage.SEARCH,
    Stage.TOPOLOGY,
    Stage.ANALYSIS,
)


@define(frozen=True, kw_only=True)
class Shard:
    """One of several processes that divide work by its number, without knowing of one another.

    Attributes:
        number: Number of the process, from 1.
        count: How many processes divide the work.
    """

    number: int
    count: int

    def __str__(self) -> str:
        """As on the command line."""
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard that a text such as `3/16` names.

        Raises:
            SpecError: It names none.
        """
        number, slash, count = text.partition("/")
        if not (slash and _is_number(number) and _is_number(count) and int(count)):
            raise SpecError([f"--shard {text}: expected NUMBER/COUNT, such as 3/16"])
        if not 1 <= int(number) <= int(count):
            nearest = f"{min(max(int(number), 1), int(count))}/{count}"
            raise SpecError([f"--shard {text}: shards are numbered from 1/{count} to {count}/{count}; near: {nearest}"])
        return cls(number=int(number), count=int(count))

    def takes(self, place: int, key: str) -> bool:
        """Whether the item at a place of a list is this shard's.

        The key of the list rotates the shards, or the first of them would take all lists of one item.
        """
        return (place + int(key, 16)) % self.count == self.number - 1


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


@define(frozen=True, kw_only=True)
class OpenStage:
    """A stage that is not finished.

    Attributes:
        stage: The kind of stage.
        key: Key of the stage in the store.
        label: Name of the stage for observers.
        parts: In how many parts shards can compute it; 0 if it is not prepared for that.
        missing: How many of them nobody has computed yet.
        done: How many of them this process has computed.
    """

    stage: Stage
    key: str
    label: str
    parts: int = 0
    missing: int = 0
    done: int = 0


class PausedError(GlobscopeError):
    """Stages are left to other processes, or to a later one.

    Attributes:
        stages: At least one.
    """

    def __init__(self, *stages: OpenStage) -> None:
        self.stages = stages
        super().__init__(f"left to others: {', '.join(one.label for one in stages)}")


@define(frozen=True, kw_only=True)
class Extent:
    """How much of a study a process computes; by default all of it.

    Attributes:
        until: The stage before which it stops.
        shard: If set, it computes only its share of what is prepared for shards.
    """

    until: Stage | None = None
    shard: Shard | None = None

    def divides(self, stage: Stage) -> bool:
        """Whether the process looks into a stage for parts that others are to compute, or that are its share."""
        return stage in MADE_OF_PARTS and (self.shard is not None or self.until is stage)

    def reaches(self, stage: Stage) -> bool:
        """Whether the process computes stages of a kind as a whole."""
        if self.shard is not None:
            return False
        return self.until is None or stage not in STOPS or STOPS.index(stage) < STOPS.index(self.until)

    def share(self, items: Sequence[Item], key: str) -> list[Item]:
        """Return the items of a list that this process computes."""
        return [item for at, item in enumerate(items) if self.shard is None or self.shard.takes(at, key)]


WHOLE = Extent()
# Only what is finished is read.
NOTHING = Extent(until=STOPS[0])


class Branches:
    """Computations that do not need one another: if some of them pause, the others come first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open = dict[str, OpenStage]()

    def __enter__(self) -> "Branches":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None and self._open:
            raise PausedError(*self._open.values())
        if isinstance(error, PausedError):
            self._add(error)
            error.stages = tuple(self._open.values())

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Run one of them."""
        try:
            yield
        except PausedError as paused:
            self._add(paused)

    def _add(self, paused: PausedError) -> None:
        """Note what is left, every stage once."""
        for one in paused.stages:
            self._open.setdefault(one.key, one)


def stop_before(name: str) -> Stage:
    """Return the stage of a name before which a study can stop.

    Raises:
        SpecError: There is none.
    """
    if name not in STOPS:
        raise SpecError([f"--until {name}: a study cannot stop there; {near(name, map(str, STOPS))}"])
    return Stage(name)
