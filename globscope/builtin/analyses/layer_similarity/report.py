"""CKA of layers as tables and pictures."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import HeatMap, Table, finite_or_none
from globscope.builtin.analyses.layer_similarity.kernels import LayerKernel, alignment

LAYERS = (
    "CKA of the same layer of two networks, over the {pairs} pairs of {networks} networks and {examples:,} examples of "
    "the {split} split. features: values of an example; mean, lowest, highest: of the pairs. {estimate}"
)
PAIRS = "CKA of the same layer of every two networks. {estimate}"
GRID = "CKA of every layer of {one} with every layer of {other}. {estimate}"
ESTIMATES = {
    True: "Debiased: 0 in the mean over unrelated layers, also below it.",
    False: "Not debiased: of layers with more values than there are examples it is near 1 whatever they do.",
}
# More rows than this are not listed; more layers and pairs than this are not drawn.
LISTED, LAYERS_DRAWN, PAIRS_DRAWN = 5000, 40, 28
Row = dict[str, Any]


@define(frozen=True, kw_only=True)
class LayerComparison:
    """The layers of several networks.

    Attributes:
        networks: Kernels of the layers by name, in the order of the calls, for each network.
        names: Names of the networks.
        debiased: Whether CKA is estimated without bias.
        split: Split of the data.
    """

    networks: Sequence[Mapping[str, LayerKernel]] = field(repr=False)
    names: tuple[str, ...]
    debiased: bool
    split: str

    @property
    def layers(self) -> list[str]:
        """Names of the layers that all networks have."""
        return [name for name in self.networks[0] if all(name in network for network in self.networks)]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Numbers of the networks of every pair."""
        return list(combinations(range(len(self.names)), 2))

    def grid(self, one: int, other: int) -> np.ndarray:
        """Return the (layers, layers) CKA of every layer of one network, the rows, with every layer of another."""
        first, second = self.networks[one], self.networks[other]
        return np.array([[self._cka(first[a], second[b]) for b in self.layers] for a in self.layers])

    def same_layers(self) -> np.ndarray:
        """Return the (layers, pairs) CKA of the same layer of every two networks."""
        kernels = [[network[name] for network in self.networks] for name in self.layers]
        return np.array([[self._cka(own[one], own[other]) for one, other in self.pairs] for own in kernels])

    def _cka(self, one: LayerKernel, other: LayerKernel) -> float:
        return alignment(one, other, debiased=self.debiased)

    def tables(self, grids: Mapping[tuple[int, int], np.ndarray], same: np.ndarray) -> Iterator[Table]:
        """Yield the tables of layers, of pairs and of grids; one that is too long is left out."""
        estimate = ESTIMATES[self.debiased]
        first = next(iter(self.networks[0].values()))
        about = {"pairs": len(self.pairs), "networks": len(self.names), "examples": len(first.diagonal)}
        caption = LAYERS.format(**about, split=self.split, estimate=estimate)
        yield _table("layers", caption, list(self._layer_rows(same)))
        if same.size <= LISTED:
            yield _table("pairs", PAIRS.format(estimate=estimate), list(self._pair_rows(same)))
        for number, ((one, other), values) in enumerate(grids.items(), start=1):
            if values.size <= LISTED:
                caption = GRID.format(one=self.names[one], other=self.names[other], estimate=estimate)
                yield _table(f"grid-{number}", caption, list(self._grid_rows(values)))

    def _layer_rows(self, same: np.ndarray) -> Iterator[Row]:
        for name, values in zip(self.layers, same, strict=True):
            known = values[np.isfinite(values)]
            figures = (known.mean(), known.min(), known.max()) if len(known) else (None, None, None)
            row = {"layer": name, "features": self.networks[0][name].width}
            yield row | {key: _figure(value) for key, value in zip(("mean", "lowest", "highest"), figures, strict=True)}

    def _pair_rows(self, same: np.ndarray) -> Iterator[Row]:
        for column, (one, other) in enumerate(self.pairs):
            for name, value in zip(self.layers, same[:, column].tolist(), strict=True):
                yield {
                    "one": self.names[one],
                    "other": self.names[other],
                    "layer": name,
                    "cka": finite_or_none(value),
                }

    def _grid_rows(self, values: np.ndarray) -> Iterator[Row]:
        for a, row in zip(self.layers, values.tolist(), strict=True):
            for b, value in zip(self.layers, row, strict=True):
                yield {"one_layer": a, "other_layer": b, "cka": finite_or_none(value)}

    def pictures(self, grids: Mapping[tuple[int, int], np.ndarray], same: np.ndarray) -> Iterator[HeatMap]:
        """Yield a matrix of layers and pairs, and one of layers and layers for each grid."""
        drawn = _evenly(len(self.layers), LAYERS_DRAWN)
        if self.pairs:
            yield self._by_pair(same, drawn)
        for number, ((one, other), values) in enumerate(grids.items(), start=1):
            a, b = self.names[one], self.names[other]
            yield self._heat_map(
                f"grid-{number}",
                f"Layers of {a} and of {b}" if one != other else f"Layers of {a} among themselves",
                f"Linear CKA of every layer of {a} with every layer of {b}, from the first layer to the last.",
                values[np.ix_(drawn, drawn)],
                (drawn, [self.layers[layer] for layer in drawn], (f"layer of {a}", f"layer of {b}")),
            )

    def _by_pair(self, same: np.ndarray, drawn: Sequence[int]) -> HeatMap:
        if len(self.pairs) <= PAIRS_DRAWN:
            columns = [f"{self.names[one]} – {self.names[other]}" for one, other in self.pairs]
            values, what, side = same, "every two networks", "networks"
        else:
            columns, what, side = list(self.names), "each network and the others, mean over these", "network"
            own = [[pair for pair, both in enumerate(self.pairs) if at in both] for at in range(len(columns))]
            values = np.stack([same[:, pairs].mean(axis=1) for pairs in own], axis=1)
        caption = f"Linear CKA of the same layer of {what}, from the first layer to the last."
        return self._heat_map(
            "layers", "Same layer of two networks", caption, values[drawn], (drawn, columns, ("layer", side))
        )

    def _heat_map(
        self, name: str, title: str, caption: str, values: np.ndarray, axes: tuple[Sequence[int], list[str], Any]
    ) -> HeatMap:
        drawn, columns, sides = axes
        rest = len(self.layers) - len(drawn)
        return HeatMap(
            name=name,
            title=title,
            caption=caption + (f" {len(drawn)} of {len(self.layers)} layers are drawn." if rest else ""),
            rows=tuple(self.layers[layer] for layer in drawn),
            columns=tuple(columns),
            values=tuple(tuple(map(finite_or_none, row)) for row in values.tolist()),
            label="debiased linear CKA" if self.debiased else "linear CKA",
            sides=sides,
            limits=(None if self.debiased else 0.0, 1.0),
        )


def _table(name: str, caption: str, rows: list[Row]) -> Table:
    return Table(name=name, caption=caption, columns=tuple(rows[0]), rows=tuple(rows))


def _figure(value: Any) -> float | None:
    return None if value is None else float(value)


def _evenly(count: int, most: int) -> list[int]:
    """Return at most so many of `count` places, the first and the last among them."""
    places: list[int] = np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist()
    return places
