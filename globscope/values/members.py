"""The population: networks, named by variant and step, and their flattened weights."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np
from attrs import define, evolve, field

from globscope.errors import PopulationError, near
from globscope.values.arrays import column_blocks, read_only
from globscope.values.rows import Rows, Weights

Kind = Literal["trained", "curve", "rebased", "pass", "average"]


@define(frozen=True, kw_only=True)
class Layout:
    """The order of named tensors in one flat vector.

    Attributes:
        names: Names of the tensors, in flattening order.
        shapes: Shapes of the tensors, in the same order.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of weights of each tensor."""
        return tuple(prod(shape) for shape in self.shapes)

    @property
    def size(self) -> int:
        """D, the number of weights of one network."""
        return sum(self.sizes)

    def unflatten(self, vectors: Any) -> dict[str, Any]:
        """Return named views of `vectors`, (..., D) of numpy or torch, shaped (..., *shape)."""
        lead, start, named = tuple(vectors.shape[:-1]), 0, {}
        for name, shape, size in zip(self.names, self.shapes, self.sizes, strict=True):
            named[name] = vectors[..., start : start + size].reshape(lead + shape)
            start += size
        return named

    def flatten(self, tensors: Mapping[str, Any]) -> np.ndarray:
        """Return the (D,) float32 vector of `tensors`, taken by name."""
        return np.concatenate([np.asarray(tensors[name], np.float32).ravel() for name in self.names])


@define(frozen=True, kw_only=True)
class Member:
    """One network of the population.

    Attributes:
        variant: The training run that it comes from.
        step: Epochs (or whatever the checkpoint's name counts) since that run's start.
        kind: `trained`, or how an analysis derived it. Fidelity and the counts of leaves and basins use trained
            members only.
        parents: Labels of the members that it was derived from.
        t: Its position on a curve, in [0, 1].
        in_fit: Whether the maps are fitted to it.
        buffers: The model's tensors that are not parameters, by name and with their shapes: statistics, an input
            normaliser's mean, masks.
        lacking: Names of the buffers that its file lacks and that are taken from the model.
        recorded: The scores that its file records, by field, such as `test_accuracy` (in [0, 1]).
        figures: What a table knows of it, by column: numbers and texts, such as a learning rate.
        origin: Name of the analysis that derived it; filled in by the study.
    """

    variant: str
    step: int
    kind: Kind = "trained"
    parents: tuple[str, ...] = ()
    t: float | None = None
    in_fit: bool = True
    buffers: Mapping[str, np.ndarray] = field(factory=dict, eq=False, repr=False)
    lacking: tuple[str, ...] = field(default=(), eq=False, repr=False)
    recorded: Mapping[str, float] = field(factory=dict, eq=False, repr=False)
    figures: Mapping[str, float | str] = field(factory=dict, eq=False, repr=False)
    origin: str = field(default="", eq=False, repr=False)

    @property
    def label(self) -> str:
        """Its name in messages and figures, `variant@step`."""
        return f"{self.variant}@{self.step}"


@define(frozen=True, kw_only=True)
class Population:
    """N networks of one architecture.

    Attributes:
        members: The N members; a variant's members are consecutive, by rising step.
        weights: (N, D) float32, row i flattened from member i as `layout` says; memory-mapped in a study, so
            index it by rows or columns rather than copy it whole.
        layout: Names and shapes of the D weights.
        keys: A key for each member that says what it was made from; empty where unknown.
    """

    members: tuple[Member, ...] = field(repr=lambda members: f"<{len(members)}>")
    weights: Weights = field(converter=read_only, eq=False, repr=False)
    layout: Layout = field(repr=False)
    keys: tuple[str, ...] = field(default=(), repr=False)

    @property
    def key(self) -> str:
        """Of the members and their weights, however the population was put together; empty where unknown."""
        if len(self.keys) != len(self.members):
            return ""
        names = [(m.variant, m.step, m.kind, m.parents, m.t) for m in self.members]
        return hashlib.sha256(repr((self.keys, names)).encode()).hexdigest()[:16]

    @property
    def fitted(self) -> "Population":
        """The members that maps are fitted to."""
        rows = [row for row, member in enumerate(self.members) if member.in_fit]
        return self if len(rows) == len(self.members) else self.take(rows)

    @property
    def buffers(self) -> tuple[Mapping[str, np.ndarray], ...]:
        """The N members' buffers by name, with their tensors' shapes; nothing where no member has any."""
        buffers = tuple(member.buffers for member in self.members)
        return buffers if any(buffers) else ()

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the training runs, in order of appearance."""
        return tuple(dict.fromkeys(m.variant for m in self.members if m.kind == "trained"))

    def of(self, variant: str) -> list[int]:
        """Return the rows of one variant's trained members, by rising step."""
        return sorted(self._rows.get(variant, ()), key=lambda row: self.members[row].step)

    @cached_property
    def _rows(self) -> Mapping[str, Sequence[int]]:
        """The rows of each variant's trained members, looked up once: there may be thousands of variants."""
        rows: dict[str, list[int]] = {}
        for row, member in enumerate(self.members):
            if member.kind == "trained":
                rows.setdefault(member.variant, []).append(row)
        return rows

    def row(self, name: str, place: str) -> int:
        """Return the row of `variant@step`, or of a variant's last trained member.

        Raises:
            PopulationError: There is no network of this name; `place` says who asks, at the start of the message.
        """
        labels = {member.label: row for row, member in enumerate(self.members)}
        if name in labels:
            return labels[name]
        if name in self.variants:
            return self.of(name)[-1]
        raise PopulationError(f"{place}: there is no network {name!r}; {near(name, {*labels, *self.variants})}")

    @property
    def trained(self) -> list[int]:
        """The rows of the members that were trained or read, and not derived by an analysis."""
        return [row for row, member in enumerate(self.members) if member.kind == "trained"]

    @property
    def finals(self) -> list[int]:
        """The row of each variant's last trained member."""
        return [rows[-1] for rows in map(self.of, self.variants) if rows]

    @property
    def variance_per_weight(self) -> float:
        """The members' variance per weight, computed in blocks of weights: float64 copies of all might not fit."""
        blocks = column_blocks(self.weights.shape[1], len(self.members))
        return float(
            sum(np.var(self.weights[:, at], axis=0, dtype=np.float64).sum() for at in blocks) / self.layout.size
        )

    def tensors(self, row: int) -> dict[str, np.ndarray]:
        """Return one network's tensors by name, in their own shapes: those that are flattened, and buffers."""
        flat: np.ndarray = np.asarray(self.weights[row])
        return {**self.members[row].buffers, **self.layout.unflatten(flat)}

    def with_figures(self, figures: Iterable[Mapping[str, float | str]]) -> "Population":
        """Return the same networks with other figures, given for one member after the other."""
        pairs = zip(self.members, figures, strict=True)
        return evolve(self, members=tuple(evolve(member, figures=of_member) for member, of_member in pairs))

    def take(self, rows: Sequence[int]) -> "Population":
        """Return the population of these rows alone."""
        members, held, rows = tuple(self.members[row] for row in rows), self.weights, list(rows)
        if isinstance(held, Rows):
            weights: Weights = held.take(rows)
        elif rows and rows == list(range(rows[0], rows[-1] + 1)):
            weights = held[rows[0] : rows[-1] + 1]  # no copy, and where it is memory-mapped, it stays so
        else:
            weights = held[rows]
        keys = tuple(self.keys[row] for row in rows) if self.keys else ()
        return evolve(self, members=members, weights=weights, keys=keys)

    def concatenate(self, other: "Population") -> "Population":
        """Return this population followed by `other`'s members; no weights are copied."""
        if not other.members:
            return self
        rows = self.weights if isinstance(self.weights, Rows) else Rows([[row] for row in self.weights])
        keys = self.keys + other.keys if self.key and other.key else ()
        return evolve(self, members=self.members + other.members, weights=rows.concatenate(other.weights), keys=keys)
