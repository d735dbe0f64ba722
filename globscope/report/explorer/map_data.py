"""What the explorer knows of one landscape of a map."""

from typing import Any

import numpy as np

from globscope.report.explorer.blocks import Blocks, add_field
from globscope.topology.membership import last_networks
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import Topology


def map_data(map_: Map, sampler: str, trails: list[dict[str, Any]], blocks: Blocks) -> dict[str, Any]:
    """Return what the page's script reads of one landscape, or of a map without any."""
    stem = f"{map_.name}\n{sampler}"
    about = {
        "name": map_.name,
        "sampler": sampler,
        "dimension": map_.chart.dimension,
        "axes": [f"latent {axis + 1}" for axis in range(map_.chart.dimension)],
        "hidden": map_.hidden,
        "trails": trails,
        "latents": blocks.add(f"{stem}/latents", map_.chart.latents, "f4"),
        "decoded": {key: blocks.add(f"{stem}/decoded/{key}", one, "f8") for key, one in map_.decoded.items()},
    }
    landscape = map_.landscapes.get(sampler)
    return about if landscape is None else about | _landscape(map_, landscape, sampler, stem, blocks)


def _landscape(map_: Map, landscape: Landscape, sampler: str, stem: str, blocks: Blocks) -> dict[str, Any]:
    topologies = map_.topologies.get(sampler, {})
    nodes = {one.field: one.full.nodes for one in topologies.values()}
    return {
        **_samples(landscape.samples, stem, blocks),
        "fields": {
            key: add_field(blocks, f"{stem}/{key}", values, nodes.get(key, np.empty(0, int)))
            for key, values in landscape.fields.items()
        },
        "trusted": blocks.add(f"{stem}/trusted", landscape.trusted, "u1"),
        "distance": blocks.add(f"{stem}/distance", landscape.distance_to_member, "f4"),
        "nearest": blocks.add(f"{stem}/nearest", landscape.nearest(map_.chart.latents), "u4"),
        "topologies": [_topology(map_, landscape, name, one) for name, one in topologies.items()],
    }


def _samples(samples: Samples, stem: str, blocks: Blocks) -> dict[str, Any]:
    """Return where the samples are: the axes of a lattice, in row-major order, or else every point."""
    edges = {} if samples.edges is None else {"edges": blocks.add(f"{stem}/edges", samples.edges, "u4")}
    if axes := _axes(samples):
        return edges | {"shape": list(samples.shape or ()), "lines": axes}
    return edges | {"points": blocks.add(f"{stem}/points", samples.points, "f4")}


def _axes(samples: Samples) -> list[list[float]] | None:
    """Return the coordinates along each axis of a full lattice in row-major order; None of other samples."""
    shape, index, points = samples.shape, samples.index, samples.points
    if shape is None or index is None or len(shape) != points.shape[1] or len(points) != np.prod(shape):
        return None
    if not np.array_equal(index, np.indices(shape).reshape(len(shape), -1).T):
        return None
    grid = points.reshape(*shape, -1)
    lines = [np.moveaxis(grid, axis, 0).reshape(size, -1, len(shape))[:, 0, axis] for axis, size in enumerate(shape)]
    whole = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)
    return [line.tolist() for line in lines] if np.array_equal(whole, grid) else None


def _topology(map_: Map, landscape: Landscape, name: str, topology: Topology) -> dict[str, Any]:
    """Return one merge tree's choices, and in which basin the map shows each run's last network (-1: in none)."""
    basins = last_networks(map_, landscape, topology)
    return {
        "name": name,
        "field": topology.field,
        "threshold": topology.threshold,
        "left_out": topology.left_out,
        "leaves": topology.tree.minima.tolist(),
        "runs": {
            variant: {"basin": basin, "why": why}
            for variant, basin, why in zip(
                map_.population.variants, basins.basins.tolist(), basins.reasons, strict=True
            )
        },
    }
