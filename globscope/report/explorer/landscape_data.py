"""What the explorer knows of a landscape's samples, fields and merge trees.

It has

- `form`: `lattice` (an axis for each of the map's), `path` (a lattice of one axis on a map of several) or `scattered`
- of a lattice or path: `shape`, and `vertices`, each sample's place in the C order of the lattice (null where sample i
  is at place i)
- `lines`: the coordinates along every axis of a straight lattice; otherwise `points`, every sample's coordinates
- `fields`: by key, as `field_data` describes them; `trusted` (1: the map knows the sample)
- `distance`: as `field_data` describes it, in weight space from the sample's network to the nearest member
- `nearest`: the sample nearest to each member's point
- `graph`: which samples are neighbours for a field without a tree (as for the first tree), as `graph_data` describes it
- `topologies`: the merge trees, as `tree_data` describes them
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.report.explorer.blocks import Blocks
from globscope.report.explorer.field_data import add_field, add_figure
from globscope.report.explorer.graph_data import graph_data
from globscope.report.explorer.tree_data import tree_data
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import Topology


def landscape_data(map_: Map, sampler: str, stem: str, blocks: Blocks) -> dict[str, Any]:
    """Return what the page's script reads of a landscape; the names of its arrays begin with a stem."""
    landscape, topologies = map_.landscapes[sampler], map_.topologies.get(sampler, {})
    trees = [tree_data(map_, sampler, name, stem, blocks) for name in topologies]
    return {
        **_places(landscape.samples, map_.chart.dimension, stem, blocks),
        "fields": {
            key: add_field(blocks, f"{stem}{key}", values, _nodes(key, topologies))
            for key, values in landscape.fields.items()
        },
        "trusted": blocks.add(f"{stem}trusted", landscape.trusted, "u1"),
        "distance": add_figure(blocks, f"{stem}distance", landscape.distance_to_member),
        "nearest": blocks.add(f"{stem}nearest", _nearest(map_, landscape), "u4"),
        "graph": trees[0]["graph"] if trees else graph_data(landscape.samples, None, stem, blocks),
        "topologies": trees,
    }


def _nodes(key: str, topologies: Mapping[str, Topology]) -> np.ndarray:
    """Return the samples that are nodes of any of a field's trees."""
    nodes = [topology.full.nodes for topology in topologies.values() if topology.field == key]
    return np.unique(np.concatenate([np.empty(0, int), *nodes]))


def _nearest(map_: Map, landscape: Landscape) -> np.ndarray:
    has_samples = len(landscape.samples.points) > 0
    return landscape.nearest(map_.chart.latents) if has_samples else np.empty(0, int)


def _places(samples: Samples, dimension: int, stem: str, blocks: Blocks) -> dict[str, Any]:
    """Return the form of the samples, and where they are."""
    shape, index = samples.shape, samples.index
    lines = samples.lines
    points = None if lines is not None else blocks.add(f"{stem}points", samples.points)
    if shape is None or index is None:
        return {"form": "scattered", "lines": None, "points": points, "shape": None, "vertices": None}
    vertices = np.ravel_multi_index(tuple(np.asarray(index).T), shape)
    in_order = np.array_equal(vertices, np.arange(np.prod(shape)))
    return {
        "form": "lattice" if len(shape) == dimension else "path",
        "shape": list(shape),
        "lines": None if lines is None else [line.tolist() for line in lines],
        "points": points,
        "vertices": None if in_order else blocks.add(f"{stem}vertices", vertices, "u4"),
    }
