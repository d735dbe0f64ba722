"""A study of any size without networks: smooth losses with the noise that a decoder's kinks leave on real maps."""

import numpy as np

from globscope.builtin.topology import Gudhi
from globscope.pipeline.stages.topology import with_adjacency
from globscope.values.chart import Chart
from globscope.values.findings import Atlas, Map
from globscope.values.landscape import Landscape, Samples
from globscope.values.members import Layout, Member, Population
from globscope.values.space import FullSpace

NOISE = 3e-3  # of a loss, as measured between neighbouring samples of the digits study


def synthetic_atlas(size, runs, steps, maps=("autoencoder", "kernel-pca", "umap")):
    """Return maps of size² samples, each with a well for every run, two losses and two accuracies."""
    members = tuple(Member(variant=f"run-{run}", step=4 * step) for run in range(runs) for step in range(steps))
    who = Population(
        members=members,
        weights=np.zeros((len(members), 3), np.float32),
        layout=Layout(names=("w",), shapes=((3,),)),
    )
    made = tuple(_map(name, who, size, runs, np.random.default_rng(seed)) for seed, name in enumerate(maps))
    return Atlas(population=who, truth=made[0].truth, maps=made)


def _map(name, who, size, runs, rng):
    index = np.indices((size, size)).reshape(2, -1).T
    points, ends = np.linspace(-1, 1, size)[index], rng.uniform(-0.8, 0.8, (runs, 2))
    ways = [np.linspace(0.3 * end, end, len(who.members) // runs) for end in ends]
    latents = np.concatenate(ways) + rng.normal(0, 5e-3, (len(who.members), 2))
    losses = {f"{split}_loss": _loss(points, ends, rng) for split in ("train", "test")}
    counts = {"train": 1437, "test": 360}
    shares = {f"{split}_accuracy": np.rint(n * np.exp(-losses[f"{split}_loss"])) / n for split, n in counts.items()}
    distance = np.sqrt(((points[:, None] - latents) ** 2).sum(axis=2)).min(axis=1)
    landscape = Landscape(
        samples=Samples(points=points, index=index, shape=(size, size)),
        fields=losses | shares,
        distance_to_member=10 * distance * np.exp(rng.normal(0, NOISE, len(points))),
        trusted=distance < 0.2,
    )
    truth = {key: values[landscape.nearest(latents)] for key, values in landscape.fields.items()}
    method, coordinates = Gudhi(persistence=0.1), np.pad(10 * latents, ((0, 0), (0, 1)))
    topology = with_adjacency(method.compute(landscape), method, landscape.samples)
    return Map(
        name=name,
        chart=Chart(space=FullSpace(mean=np.zeros(3)), latents=latents, decode=lambda points: points),
        population=who,
        coordinates=coordinates,
        outside=np.zeros(len(latents)),
        reconstruction=coordinates + rng.normal(0, 0.01, coordinates.shape),
        truth=truth,
        decoded={key: values * 1.001 for key, values in truth.items()},
        landscapes={"grid": landscape},
        topologies={"grid": {"gudhi": topology}},
    )


def _loss(points, ends, rng):
    squares = ((points[:, None] - ends) ** 2).sum(axis=2)
    wells = (np.exp(-squares / 0.05) * rng.uniform(2, 4, len(ends))).max(axis=1)
    smooth = 2.3 * np.exp(-wells) + 0.6 * (points**2).sum(axis=1) ** 2 + 0.05 * np.sin(7 * points[:, 0]) + 0.1
    return smooth * np.exp(rng.normal(0, NOISE, len(points)))
