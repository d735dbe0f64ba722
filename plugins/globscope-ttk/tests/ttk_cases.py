"""Fields on which both topologies are compared, small ones recorded and larger ones where TTK is."""

import numpy as np

from globscope.api import Landscape, Samples


def landscape(values, samples: Samples, trusted=None) -> Landscape:
    values = np.asarray(values, float)
    return Landscape(
        samples=samples,
        fields={"train_loss": values},
        distance_to_member=np.zeros(len(values)),
        trusted=np.ones(len(values), bool) if trusted is None else trusted,
    )


def on_lattice(values, trusted=None, order=None) -> Landscape:
    """Return an n-D array as a landscape, its samples listed in `order`."""
    values = np.asarray(values, float)
    order = np.arange(values.size) if order is None else order
    index = np.argwhere(np.ones(values.shape))[order]
    samples = Samples(points=index.astype(float), index=index, shape=values.shape)
    return landscape(values.ravel()[order], samples, trusted)


def scattered(values, points) -> Landscape:
    return landscape(values, Samples(points=np.asarray(points, float)))


def noise(rng, *shape):
    return on_lattice(rng.random(shape))


def wells(rng, *shape):
    """Return seven smooth wells of different depth, and noise."""
    places = np.stack(np.meshgrid(*(np.linspace(0, 1, size) for size in shape), indexing="ij"), axis=-1)
    centres, depths = rng.random((7, len(shape))), rng.uniform(0.4, 1, 7)
    apart = ((places[..., None, :] - centres) ** 2).sum(-1)
    return on_lattice(rng.uniform(0, 0.1, shape) - (depths * np.exp(-apart / 0.02)).sum(-1))


def plateaus(rng, *shape):
    return on_lattice(rng.integers(0, 5, shape))


def constant(rng, *shape):
    return on_lattice(np.ones(shape))


def holes(rng, *shape):
    """Return integers, a third of them not finite: many components, some of one sample."""
    values = rng.integers(0, 9, shape).astype(float)
    values[rng.random(shape) < 0.35] = rng.choice([np.nan, np.inf, -np.inf])
    return on_lattice(values)


def masked(rng, *shape):
    return on_lattice(rng.random(shape), trusted=rng.random(shape).ravel() < 0.6)


def shuffled(rng, *shape):
    """Return samples of a lattice in an order of their own, with ties that this order settles."""
    return on_lattice(rng.integers(0, 6, shape), order=rng.permutation(int(np.prod(shape))))


def mesh(rng, count, axes):
    return scattered(rng.integers(0, 40, count), rng.random((count, axes)))


def torn_mesh(rng, count, axes):
    values = rng.random(count)
    values[rng.random(count) < 0.4] = np.nan
    return scattered(values, rng.random((count, axes)))


# Made by, with what, options; the first numbers are those of recordings, of a few kilobytes each.
KINDS = {
    "noise-2d": (noise, (9, 13), (61, 83), {}),
    "noise-3d": (noise, (4, 5, 6), (13, 17, 19), {}),
    "noise-4d": (noise, (3, 3, 3, 3), (5, 6, 7, 8), {}),
    "wells-2d": (wells, (12, 11), (71, 73), {}),
    "wells-3d": (wells, (6, 6, 5), (19, 21, 23), {}),
    "plateaus-2d": (plateaus, (9, 11), (41, 43), {}),
    "plateaus-3d": (plateaus, (4, 5, 5), (11, 12, 13), {}),
    "constant": (constant, (4, 5), (31, 32), {}),
    "shuffled": (shuffled, (7, 9), (41, 37), {}),
    "full": (plateaus, (8, 9), (41, 43), {"adjacency": "full"}),
    "path": (noise, (17,), (501,), {}),
    "flat": (plateaus, (1, 14), (1, 301, 2), {}),
    "holes-2d": (holes, (9, 9), (51, 53), {}),
    "holes-3d": (holes, (4, 4, 5), (13, 11, 12), {}),
    "masked": (masked, (8, 11), (47, 43), {"mask": True}),
    "mesh-2d": (mesh, (60, 2), (2000, 2), {"adjacency": "delaunay"}),
    "mesh-3d": (mesh, (50, 3), (1200, 3), {"adjacency": "delaunay"}),
    "torn-mesh": (torn_mesh, (70, 2), (1500, 2), {"adjacency": "delaunay"}),
    "gabriel": (torn_mesh, (60, 2), (1500, 2), {"adjacency": "gabriel"}),
    "nearest": (torn_mesh, (60, 3), (1500, 3), {"adjacency": "mutual-knn", "neighbours": 4}),
    "three-on-a-path": (lambda rng: on_lattice([0.0, 2.0, 1.0]), (), (), {}),
    "two": (lambda rng: on_lattice([1.0, 0.0]), (), (), {}),
    "one": (lambda rng: on_lattice([1.0]), (), (), {}),
    "two-alone": (lambda rng: on_lattice([1.0, np.nan, 0.0]), (), (), {}),
}


def case(name: str, seed: int = 0, *, large: bool = False) -> tuple[Landscape, dict[str, object]]:
    """Return a landscape, and the options that both topologies take."""
    make, small_size, large_size, options = KINDS[name]
    return make(np.random.default_rng(seed), *(large_size if large else small_size)), options
