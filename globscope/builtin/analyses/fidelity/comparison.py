"""The figures by which maps are compared: what each is called, and how it is measured on a map."""

from collections.abc import Callable, Mapping

import numpy as np

from globscope.api import Field, Figure
from globscope.builtin.analyses.fidelity.map_fidelity import MapFidelity


def figures(loss: Field, accuracy: Field) -> Mapping[Figure, Callable[[MapFidelity], float | None]]:
    """Return the figures in order, with their measurements, for the loss and the accuracy to compare."""
    return {
        Figure(
            key="mse_per_weight",
            label="MSE per weight",
            meaning="mean squared error per weight between the trained members and their decoded networks",
            better="low",
        ): lambda map_: map_.errors["mse_per_weight"],
        Figure(
            key="unexplained_variance",
            label="Unexplained variance",
            meaning="that error as a share of the members' variance per weight",
            better="low",
        ): lambda map_: map_.errors["unexplained_variance"],
        Figure(
            key="loss_gap_median",
            label="Loss gap, median",
            meaning=f"|true − decoded| {loss.name} over the trained members",
            better="low",
        ): lambda map_: map_.gap(loss.key, np.median),
        Figure(
            key="loss_gap_max",
            label="Loss gap, largest",
            meaning="the same, for the worst member",
            better="low",
        ): lambda map_: map_.gap(loss.key, np.max),
        Figure(
            key="accuracy_gap_median",
            label="Accuracy gap, median",
            meaning=f"|true − decoded| {accuracy.name}",
            better="low",
        ): lambda map_: map_.gap(accuracy.key, np.median),
        Figure(
            key="accuracy_gap_max",
            label="Accuracy gap, largest",
            meaning="the same, for the worst member",
            better="low",
        ): lambda map_: map_.gap(accuracy.key, np.max),
        Figure(
            key="trustworthiness",
            label="Trustworthiness",
            meaning="whether neighbours on the map are neighbours in weight space (Venna & Kaski, 2001); 1 is best",
            better="high",
        ): lambda map_: map_.trustworthiness,
        Figure(
            key="leaves",
            label="Leaves",
            meaning="basins deeper than the persistence threshold",
        ): lambda map_: map_.on_tree(lambda _, topology: len(topology.tree.minima)),
        Figure(
            key="leaves_trusted",
            label="Leaves, trusted",
            meaning="basins inside the trusted region; the others lie where the map extrapolates",
        ): lambda map_: map_.on_tree(lambda landscape, topology: int(landscape.trusted[topology.tree.minima].sum())),
        Figure(
            key="basins_of_variants",
            label="Basins the runs end in",
            meaning="distinct basins that hold the runs' final networks",
        ): lambda map_: None if map_.basins is None else len({*map_.basins.tolist()} - {-1}),
        Figure(
            key="runs_not_on_map",
            label="Runs not on the map",
            meaning="runs whose final network the map does not show, so that it lies in no basin",
            better="low",
        ): lambda map_: None if map_.basins is None else int((map_.basins < 0).sum()),
        Figure(
            key="nonfinite",
            label="Samples not finite",
            meaning="samples whose loss is NaN or infinite; they are kept, but not part of the tree",
        ): lambda map_: map_.on_tree(lambda landscape, topology: landscape.nonfinite(topology.field)),
    }
