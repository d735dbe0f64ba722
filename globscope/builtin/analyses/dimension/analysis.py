"""Whether the walls between networks are of the loss, of a map's number of axes, or of its kind."""

from collections.abc import Sequence
from functools import partial

import attrs
import numpy as np
from attrs.validators import and_, ge, gt

from globscope.api import (
    AXES,
    BATCH,
    DRAWS,
    EPOCHS,
    POINTS,
    WHERE,
    Atlas,
    Bench,
    CheckFacts,
    Finding,
    device,
    device_name,
)
from globscope.builtin.analyses.curves.pairs import count_pairs, require_pairs
from globscope.builtin.analyses.curves.training_step import Settings
from globscope.builtin.analyses.dimension.known_paths import known_paths
from globscope.builtin.analyses.dimension.pictures import pair_matrix, persistence_plot
from globscope.builtin.analyses.dimension.records import COMPARISON, record
from globscope.builtin.analyses.dimension.run_passes import run_passes
from globscope.builtin.analyses.dimension.significance import correlation_table
from globscope.builtin.analyses.dimension.tables import chart_table, pair_table, pass_table
from globscope.builtin.analyses.dimension.warnings import warnings

NAME = "dimension"
UPSIDE_DOWN = (
    "The first merge tree is of the {field}, of which a higher value is the better one, so its passes are no walls: "
    "let the first [[topology]] be of a loss."
)


@attrs.define(frozen=True, kw_only=True)
class Dimension:
    """Compare the walls between the runs' networks over maps of several kinds and rising dimension.

    On every map with a landscape, the first merge tree says at which height the final networks of every two runs are
    joined. Each such pass is a path of networks, so it is an upper bound of the lowest pass in weight space. Beside it
    stand the straight line, a trained curve (as in `mode-connectivity`) and the distance of the two networks. The maps
    of one table [[reducer]], such as one with `[reducer.each]`, are of one kind and make one line of the picture.

    Attributes:
        points: Number of networks on every straight line and curve, at equal steps of t, including both ends.
        curves: Whether curves are trained.
        bends: Number of trained points of a Bezier curve.
        epochs: Number of epochs for which each curve is trained.
        learning_rate: Learning rate of the first half of the training.
        batch_size: Number of examples per step.
        relabellings: Number of relabellings of the runs for a p-value; all of them, where there are no more.
        device: Device on which curves are trained: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    points: int = attrs.field(default=61, validator=and_(ge(3), POINTS))
    curves: bool = True
    bends: int = attrs.field(default=1, validator=and_(ge(1), AXES))
    epochs: int = attrs.field(default=200, validator=and_(ge(1), EPOCHS))
    learning_rate: float = attrs.field(default=0.1, validator=gt(0))
    batch_size: int = attrs.field(default=128, validator=and_(ge(1), BATCH))
    relabellings: int = attrs.field(default=10_000, validator=and_(ge(100), DRAWS))
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[Dimension, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(points=5, epochs=1, relabellings=100),)

    def check(self, facts: CheckFacts) -> None:
        """Refuse a single variant, and a device that is not there.

        Raises:
            SpecError: There is no pair of runs.
            EvaluationError: No such device.
        """
        require_pairs(NAME, (), None, facts.variants)
        device(self.device, f"{NAME}.device")

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do, for so many maps with an inverse."""
        pairs = count_pairs((), None, variants)
        trained = f", with {pairs} curves ({self.epochs} epochs each)" if self.curves else ""
        return f"{NAME}: passes of {pairs} pairs on {maps} map{'s' * (maps != 1)}{trained}"

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int:
        """Return the number of networks to score: on straight lines and curves."""
        del lattices, maps
        return count_pairs((), None, variants) * (self.points - 2 + self.curves * self.points)

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables of charts, pairs, passes and correlations, two pictures, and warnings about invented walls.

        The generator draws relabellings of the runs, where there are too many to take all.
        """
        found = [each for map_ in atlas.maps if (each := run_passes(map_)) is not None]
        if not found or len(atlas.population.finals) < 2:
            return Finding()
        field = atlas.field_of(found[0].topology.field)
        if field.higher_is_better:
            return Finding(warnings=(UPSIDE_DOWN.format(field=field.name),))
        place, settings = device(self.device, f"{NAME}.device"), self._settings() if self.curves else None
        known = known_paths(atlas, bench, field.key, points=self.points, settings=settings, device=place)
        names = atlas.population.variants
        return Finding(
            tables=(
                chart_table(found, field),
                pair_table(found, known, names, field),
                pass_table(found, known, names, field),
                correlation_table(found, known, self.relabellings, rng),
            ),
            warnings=(*warnings(found), *known.failed),
            records={each.map.name: record(each) for each in found},
            comparison=COMPARISON,
            pictures=(persistence_plot(found, field), pair_matrix(found, known, names, field)),
            paths=tuple(known.between(names, field.key, self.points)),
        )

    def _settings(self) -> Settings:
        settings = partial(Settings, shape="Bezier", weight_decay=0.0)
        return settings(
            bends=self.bends, epochs=self.epochs, learning_rate=self.learning_rate, batch_size=self.batch_size
        )
