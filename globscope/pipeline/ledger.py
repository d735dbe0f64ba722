"""What a study used: every stage with its key and cost, and inside it the stages that its computation used."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import define, field

from globscope.pipeline.stage_keys import Stage
from globscope.values.cost import Cost


@define(frozen=True, kw_only=True)
class Entry:
    """A stage that was used, computed now or before.

    Attributes:
        stage: The kind of stage.
        key: Key of the stage.
        label: Name of the stage for observers.
        cost: What its computation cost.
        how: More about its computation, such as the device; JSON values by name.
        inside: Records of the stages that its computation used.
    """

    stage: Stage
    key: str
    label: str
    cost: Cost
    how: Mapping[str, Any] = field(factory=dict)
    inside: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_record(cls, stage: Stage, key: str, label: str, computed: Mapping[str, Any]) -> "Entry":
        """Return the entry of a stage from what is stored about its computation."""
        more = {name: computed[name] for name in ("how", "inside") if name in computed}
        return cls(stage=stage, key=key, label=label, cost=Cost.from_record(computed), **more)

    @property
    def record(self) -> dict[str, Any]:
        """The entry as JSON values, for the manifest."""
        inside = {"inside": list(self.inside)} if self.inside else {}
        return {"key": f"{self.stage}/{self.key}", "stage": self.label, **self.cost.record, **self.how, **inside}


@define
class Ledger:
    """The entries of a study at work. Only what runs a stage writes to it, and only the manifest is made from it."""

    _levels: list[dict[tuple[Stage, str], Entry]] = field(factory=lambda: [{}])
    # Of the levels below the first, whether the stage at work is computed as a whole.
    _whole: list[bool] = field(factory=list)

    def __contains__(self, stage: tuple[Stage, str]) -> bool:
        """Whether the study has used a stage by kind and key."""
        return any(stage in level for level in self._levels)

    @property
    def computes_whole(self) -> bool:
        """Whether a stage is at work that is computed as a whole, with all that it uses."""
        return any(self._whole)

    @property
    def divides(self) -> bool:
        """Whether a stage is at work of which only some of what it uses is computed."""
        return bool(self._whole) and not any(self._whole)

    def add(self, entry: Entry) -> None:
        """Enter a stage inside that at work; it keeps the label by which it was first used."""
        self._levels[-1].setdefault((entry.stage, entry.key), entry)

    @contextmanager
    def inside(self, *, whole: bool = True) -> Iterator[list[dict[str, Any]]]:
        """Yield a list that holds, at the end, the records of the stages that were used in the meantime.

        Args:
            whole: Whether the stage at work is computed as a whole.
        """
        found: list[dict[str, Any]] = []
        self._levels.append({})
        self._whole.append(whole)
        try:
            yield found
        finally:
            self._whole.pop()
            found += [entry.record for entry in self._levels.pop().values()]

    @property
    def records(self) -> list[dict[str, Any]]:
        """All entries in order, as JSON values."""
        return [entry.record for entry in self._levels[0].values()]
