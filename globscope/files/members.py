"""The members on a map as CSV: who they are, where they lie, what their own networks score."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import define, field

from globscope.errors import FileError
from globscope.files.axes import named
from globscope.files.table import as_csv, original
from globscope.reading import read_csv
from globscope.values.members import Member

WHO = ("variant", "step", "kind")


@define(frozen=True, kw_only=True)
class Tracks:
    """Where the members of a map lie.

    Attributes:
        variants: (N,) names of their training runs.
        steps: (N,) of the runs.
        kinds: (N,) `trained`, or what an analysis derived them as.
        points: (N, d) latents.
        fields: Each (N,) of the members' own networks, by name.
    """

    variants: tuple[str, ...]
    steps: np.ndarray = field(eq=False)
    kinds: tuple[str, ...]
    points: np.ndarray = field(eq=False, repr=False)
    fields: Mapping[str, np.ndarray] = field(eq=False, repr=False)

    @property
    def csv(self) -> str:
        """One row a member, under a heading."""
        who: dict[str, Sequence[str] | np.ndarray] = {"variant": self.variants, "step": self.steps, "kind": self.kinds}
        return as_csv(who | dict(zip(named(self.points.shape[1]), self.points.T, strict=True)) | dict(self.fields))

    def of(self, variant: str) -> np.ndarray:
        """Return the rows of one variant's trained members, by rising step."""
        who = zip(self.variants, self.kinds, strict=True)
        rows = np.array([row for row, known in enumerate(who) if known == (variant, "trained")], int)
        return rows[np.argsort(self.steps[rows], kind="stable")]


def tracks(members: Sequence[Member], latents: np.ndarray, fields: Mapping[str, np.ndarray]) -> Tracks:
    """Return where members lie on a map, with what their own networks score."""
    return Tracks(
        variants=tuple(member.variant for member in members),
        steps=np.array([member.step for member in members], int),
        kinds=tuple(member.kind for member in members),
        points=latents,
        fields=fields,
    )


def read(path: Path) -> Tracks:
    """Return the members from their CSV.

    Raises:
        FileError: It is damaged.
    """
    try:
        found = read_csv(path, "members as `globscope study` writes them")
        columns = {original(name): tuple(map(original, cells)) for name, cells in found.items()}
        names = [name for name in columns if name not in WHO]
        axes = next(axes for d in range(len(names), 0, -1) if [*(axes := named(d))] == names[:d])
        floats = {name: np.array(columns[name], float) for name in names}
        return Tracks(
            variants=columns["variant"],
            steps=np.array(columns["step"], int),
            kinds=columns["kind"],
            points=np.stack([floats[name] for name in axes], axis=1),
            fields={name: floats[name] for name in names[len(axes) :]},
        )
    except (ValueError, KeyError, StopIteration) as error:
        raise FileError(f"{path}: is not as `globscope study` wrote it: {error}") from error
