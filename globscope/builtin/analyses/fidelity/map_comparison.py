"""The figures by which maps are compared: their names, and how they are measured on one map."""

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
from attrs import define

from globscope.api import MOSTLY, Field, Figure, Landscape, Map, Topology, finite_or_none, last_networks
from globscope.builtin.analyses.fidelity.trustworthiness import trustworthiness
from globscope.builtin.analyses.reconstruction import decoding_gaps, reconstruction

UNEXPLAINED = (
    "{name}: {share:.0%} of the networks' variance is unexplained: the decoded networks differ from the real ones, and "
    "distances and basins on this map say little about them. {axes} cannot hold so many independent "
    "networks: use more (reducer.latent_dim), or map fewer runs at a time"
)


@define(frozen=True, kw_only=True, slots=False)
class MapFidelity:
    """One map, and the options by which its fidelity is measured.

    Attributes:
        map_: The map that is measured.
        neighbours: Largest number of neighbours for the trustworthiness.
    """

    map_: Map
    neighbours: int

    @cached_property
    def errors(self) -> Mapping[str, float | None]:
        """The squared error per weight of the trained members, and its share of their variance."""
        return reconstruction(self.map_)

    def gap(self, field: str, summary: Callable[[np.ndarray], float]) -> float | None:
        """Return a summary of |true − decoded| over the trained members in the fit."""
        gaps = decoding_gaps(self.map_, field)
        return None if gaps is None else finite_or_none(summary(gaps))

    @property
    def warnings(self) -> list[str]:
        """Of latent axes that hold little of the members' variance, and what to do; a slice is not meant to."""
        share, chart = self.errors["unexplained_variance"], self.map_.chart
        if share is None or share < MOSTLY or chart.extent is not None:
            return []
        axes = f"{chart.dimension} latent {'axis' if chart.dimension == 1 else 'axes'}"
        return [UNEXPLAINED.format(name=self.map_.name, axes=axes, share=share)]

    @property
    def trustworthiness(self) -> float | None:
        """The trustworthiness (Venna & Kaski, 2001); None on a slice, which is exact in its own coordinates."""
        chart = self.map_.chart
        neighbours = min(self.neighbours, (len(chart.latents) - 1) // 2)
        if neighbours < 1 or chart.extent is not None:
            return None
        return finite_or_none(trustworthiness(self.map_.coordinates, chart.latents, neighbours))

    def on_tree(self, count: Callable[[Landscape, Topology], int]) -> int | None:
        """Return a count on the first sampler's first merge tree; None without one."""
        landscape, topology = self.map_.landscape, self.map_.topology
        return None if landscape is None or topology is None else count(landscape, topology)

    @cached_property
    def basins(self) -> np.ndarray | None:
        """(variants,) minima in whose basins the final networks lie, −1 where the map does not show one."""
        landscape, topology = self.map_.landscape, self.map_.topology
        if landscape is None or topology is None:
            return None
        return last_networks(self.map_, landscape, topology).basins


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
            field=loss.key,
        ): lambda map_: map_.gap(loss.key, np.median),
        Figure(
            key="loss_gap_max",
            label="Loss gap, largest",
            meaning="the same, for the worst member",
            better="low",
            field=loss.key,
        ): lambda map_: map_.gap(loss.key, np.max),
        Figure(
            key="accuracy_gap_median",
            label="Accuracy gap, median",
            meaning=f"|true − decoded| {accuracy.name}",
            better="low",
            field=accuracy.key,
        ): lambda map_: map_.gap(accuracy.key, np.median),
        Figure(
            key="accuracy_gap_max",
            label="Accuracy gap, largest",
            meaning="the same, for the worst member",
            better="low",
            field=accuracy.key,
        ): lambda map_: map_.gap(accuracy.key, np.max),
        Figure(
            key="trustworthiness",
            label="Trustworthiness",
            meaning="whether neighbours on the map are neighbours in weight space (Venna & Kaski, 2001); 1 is best",
            better="high",
        ): lambda map_: map_.trustworthiness,
        Figure(
            key="leaves", label="Basins", meaning="those of the map that are deeper than the persistence threshold"
        ): lambda map_: map_.on_tree(lambda _, topology: len(topology.tree.minima)),
        Figure(
            key="leaves_trusted",
            label="Basins, trusted",
            meaning="those whose minimum lies in the trusted region; where the others lie, the map extrapolates",
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
