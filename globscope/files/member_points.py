"""The members on a map as CSV: their names, their points, and the scores of their networks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import define, field

from globscope.errors import FileError
from globscope.files.axes import coordinate_names
from globscope.files.table import as_csv, unescape_formula
from globscope.reading import read_csv
from globscope.values.members import Member

NAMES = ("variant", "step", "kind")
# Before the names of figures, which may be those of other columns.
FIGURE = "figure_"


@define(frozen=True, kw_only=True)
class MemberPoints:
    """The points of a map's members.

    Attributes:
        variants: (N,) names of their training runs.
        steps: (N,) training steps.
        kinds: (N,) `trained`, or how an analysis derived them.
        points: (N, d) latent points.
        fields: (N,) values of the members' networks by the field's name, and figures of what the map shows of them.
        figures: (N,) what tables know of the networks, by column: numbers, or texts; None where it is not known.
    """

    variants: tuple[str, ...]
    steps: np.ndarray = field(eq=False)
    kinds: tuple[str, ...]
    points: np.ndarray = field(eq=False, repr=False)
    fields: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    figures: Mapping[str, Sequence[float | str | None]] = field(factory=dict, eq=False, repr=False)

    @property
    def csv(self) -> str:
        """A heading, and a row for each member."""
        return as_csv(self.columns)

    @property
    def columns(self) -> dict[str, Sequence[float | str | None] | np.ndarray]:
        """The columns of its table, by their headings."""
        names: dict[str, Sequence[float | str | None] | np.ndarray] = {
            "variant": self.variants,
            "step": self.steps,
            "kind": self.kinds,
        }
        axes = dict(zip(coordinate_names(self.points.shape[1]), self.points.T, strict=True))
        figures = {f"{FIGURE}{name}": values for name, values in self.figures.items()}
        return names | axes | dict(self.fields) | figures

    def of(self, variant: str) -> np.ndarray:
        """Return the rows of one variant's trained members, by rising step."""
        pairs = zip(self.variants, self.kinds, strict=True)
        rows = np.array([row for row, pair in enumerate(pairs) if pair == (variant, "trained")], int)
        return rows[np.argsort(self.steps[rows], kind="stable")]


def member_points(members: Sequence[Member], latents: np.ndarray, fields: Mapping[str, np.ndarray]) -> MemberPoints:
    """Return the points of members on a map, with the scores of their networks."""
    return MemberPoints(
        variants=tuple(member.variant for member in members),
        steps=np.array([member.step for member in members], int),
        kinds=tuple(member.kind for member in members),
        points=latents,
        fields=fields,
        figures=_figures(members),
    )


def _figures(members: Sequence[Member]) -> dict[str, list[float | str | None]]:
    names = dict.fromkeys(name for member in members for name in member.figures)
    return {name: [member.figures.get(name) for member in members] for name in names}


def _figure(cell: str) -> float | str | None:
    try:
        return float(cell) if cell else None
    except ValueError:
        return cell


def read_member_points(path: Path) -> MemberPoints:
    """Return the members from their CSV.

    Raises:
        FileError: The file is damaged.
    """
    try:
        cells_by_name = read_csv(path, "members as `globscope study` writes them")
        columns = {unescape_formula(name): tuple(map(unescape_formula, cells)) for name, cells in cells_by_name.items()}
        names = [name for name in columns if name not in NAMES and not name.startswith(FIGURE)]
        figures = {name.removeprefix(FIGURE): columns[name] for name in columns if name.startswith(FIGURE)}
        axes = next(axes for d in range(len(names), 0, -1) if [*(axes := coordinate_names(d))] == names[:d])
        floats = {name: np.array(columns[name], float) for name in names}
        return MemberPoints(
            variants=columns["variant"],
            steps=np.array(columns["step"], int),
            kinds=columns["kind"],
            points=np.stack([floats[name] for name in axes], axis=1),
            fields={name: floats[name] for name in names[len(axes) :]},
            figures={name: [_figure(cell) for cell in cells] for name, cells in figures.items()},
        )
    except (ValueError, KeyError, StopIteration) as error:
        raise FileError(f"{path}: is not as `globscope study` wrote it: {error}") from error
