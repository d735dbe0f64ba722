"""The sampler critical-points on the digits study: python benchmarks/digits_critical_points.py [PART …].

The parts are `plane`, `beside`, `solid` and `span`.

`plane`: on the autoencoder's two axes, its persistences beside those of a grid of 129 × 129. `beside`: as `plane` with
small budgets, alone, and where strings may start along the lowest ways on a grid of 41 × 41. `solid`: on three axes,
alone and after a grid of 21 × 21 × 21, beside 65 × 65 × 65, which takes half an hour and runs only if it is named.
`span`: in the span of all checkpoints, the paths between every two of the seven runs, each checked by torch alone. Runs
go to runs/digits-critical-points/.
"""

import sys
from itertools import pairwise
from pathlib import Path
from time import process_time

import numpy as np
import torch

import globscope
from globscope.api import Landscape, Map
from globscope.session import Result

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "runs" / "digits-critical-points"
POPULATION = (ROOT / "specs" / "digits-mlp.toml").read_text("utf-8").partition("[[reducer]]")[0]
TOPOLOGY = '[[topology]]\nuse = "gudhi"\npersistence = 0.1\n'
PLANE = """
[[reducer]]
use = "autoencoder"
sampler = ["critical-points", "grid"]   # in this order, the search does not know the grid

[[sampler]]
use = "grid"
resolution = 129

[[sampler]]
use = "critical-points"
starts = 8
images = 5
tolerance = 0.03
budget = 4000
"""
SEARCH = 'use = "critical-points"\nstarts = 8\nimages = 5\ntolerance = 0.03\nbudget = 10_000\n'
SOLID = f"""
[[reducer]]
use = "autoencoder"
latent_dim = 3
sampler = ["alone", "coarse", "beside", "fine"]   # in this order, only `beside` knows the coarse grid

[[sampler]]
name = "alone"
{SEARCH}
[[sampler]]
name = "coarse"
use = "grid"
resolution = 21

[[sampler]]
name = "beside"
{SEARCH}
[[sampler]]
name = "fine"
use = "grid"
resolution = 65
"""
SPAN = """
[[reducer]]
use = "span"

[[sampler]]
use = "critical-points"
pairs = "all"
starts = 0
images = 9
tolerance = 0.01
bounded = false
budget = 50000
"""
BUDGETS = (1500, 2500, 4000)
BESIDE = (
    "".join(
        f'\n[[reducer]]\nuse = "autoencoder"\nname = "{name} {budget}"\nsampler = [{before}"search {budget}"]\n'
        for budget in BUDGETS
        for name, before in (("alone", ""), ("beside a grid", '"grid", '))
    )
    + '\n[[sampler]]\nuse = "grid"\nresolution = 41\n'
    + "".join(
        f'\n[[sampler]]\nuse = "critical-points"\nname = "search {budget}"\nstarts = 8\nimages = 5\n'
        f"tolerance = 0.03\nbudget = {budget}\n"
        for budget in BUDGETS
    )
)
# Points of a path at which torch computes the loss once more.
CHECKED = 200
LAYERS = (64, 256, 128, 10)


def study(name: str, parts: str) -> Result:
    FOLDER.mkdir(parents=True, exist_ok=True)
    spec = FOLDER / f"{name}.toml"
    spec.write_text(POPULATION + parts + TOPOLOGY, "utf-8")
    began = process_time()
    result = globscope.load(spec, folder=FOLDER / name).run()
    print(
        f"{name}: {process_time() - began:.0f} s of processor time, with training and the fit unless they were stored"
    )
    return result


def spent(landscape: Landscape, cost: int) -> int:
    """Return the evaluations of a landscape, a gradient counted as the chart says."""
    gradients = 0 if landscape.gradients is None else int(np.isfinite(landscape.gradients).all(axis=1).sum())
    return len(landscape.samples.points) + (cost - 1) * gradients


def plane() -> None:
    compare(study("plane", PLANE).map())


def solid() -> None:
    compare(study("solid", SOLID).map())


def beside() -> None:
    for map_ in study("beside", BESIDE).atlas.maps:
        print(f" {map_.name}")
        compare(map_)


def compare(map_: Map) -> None:
    for sampler, landscape in map_.landscapes.items():
        lifetimes = map_.topologies[sampler]["gudhi"].tree.persistences
        figures = np.sort(lifetimes[np.isfinite(lifetimes)])[::-1].round(3).tolist()
        print(f"  {sampler}: {spent(landscape, map_.chart.gradient_cost):,} evaluations, persistences {figures}")


def span() -> None:
    map_ = study("span", SPAN).map()
    landscape, tables = map_.landscapes["critical-points"], map_.explanations["critical-points"].tables
    passes = next(table for table in tables if table.name == "passes").rows
    print(f"  {spent(landscape, map_.chart.gradient_cost):,} evaluations, {len(passes)} passes")
    for row in passes:
        checked = torch_losses(map_, landscape.samples.points[numbers(str(row["samples"]))]).max()
        bound = f"at most {row['upper_bound']:.4f}"
        print(f"  {row['one']} – {row['two']}: {bound}; torch at {CHECKED} points {checked:.4f}")
    print(f"  highest {max(row['upper_bound'] for row in passes):.4f}")
    print("  warnings:", *map_.explanations["critical-points"].warnings, sep="\n    ")


def numbers(ranges: str) -> list[int]:
    """Return the samples of a path, from text such as `3 7-9`."""
    ends = [[int(end) for end in part.split("-")] for part in ranges.split()]
    return [number for first, *last in ends for number in range(first, (last or [first])[0] + 1)]


def torch_losses(map_: Map, points: np.ndarray) -> np.ndarray:
    """Return the training loss of networks evenly along a path, by torch and nothing else."""
    assert map_.chart.decode is not None
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    places = np.linspace(0, along[-1], CHECKED)
    even = np.stack([np.interp(places, along, axis) for axis in points.T], axis=1)
    weights = torch.from_numpy(np.asarray(map_.chart.space.lift(map_.chart.decode(even))))
    images, labels = training_examples()
    return np.array([float(loss(row, images, labels)) for row in weights])


def training_examples() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the images and labels that the task trains on."""
    spec = globscope.load(FOLDER / "span.toml", folder=FOLDER / "span")
    probe = spec.workshop().task.build("cpu")
    images, labels = probe.batch("train", torch.arange(probe.examples("train")))[:2]
    return images.flatten(1), labels


def loss(weights: torch.Tensor, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    activations, start = images, 0
    for number, (inputs, outputs) in enumerate(pairwise(LAYERS)):
        matrix = weights[start : start + inputs * outputs].view(outputs, inputs)
        start += inputs * outputs
        activations = activations @ matrix.T + weights[start : start + outputs]
        start += outputs
        activations = torch.relu(activations) if number < len(LAYERS) - 2 else activations
    return torch.nn.functional.cross_entropy(activations, labels)


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["plane", "span"]
    for name in chosen:
        {"plane": plane, "beside": beside, "solid": solid, "span": span}[name]()
