"""Time of the merge tree on square grids of noise (the most minima) and of seven smooth wells."""

from time import perf_counter

import numpy as np

from globscope.api import Landscape, Samples
from globscope.builtin.topology import Gudhi


def landscape(side: int, smooth: bool) -> Landscape:
    rng = np.random.default_rng(0)
    index = np.indices((side, side)).reshape(2, -1).T
    points = index / (side - 1)
    centres = rng.random((7, 2))
    apart = ((points[:, None] - centres) ** 2).sum(-1)
    values = -np.exp(-200 * apart).sum(1) if smooth else rng.random(side * side)
    samples = Samples(points=points, index=index, shape=(side, side))
    trusted = np.ones(len(index), bool)
    return Landscape(samples=samples, fields={"train_loss": values}, distance_to_member=values, trusted=trusted)


def main() -> None:
    print(f"{'grid':>11} {'field':>7} {'seconds':>8} {'minima':>8} {'at 0.1':>7}")
    for side in (41, 100, 300, 1000):
        for smooth in (True, False):
            given = landscape(side, smooth)
            started = perf_counter()
            found = Gudhi().compute(given)
            seconds = perf_counter() - started
            name, minima = "wells" if smooth else "noise", len(found.full.minima)
            print(f"{f'{side} x {side}':>11} {name:>7} {seconds:8.3f} {minima:8d} {len(found.tree.minima):7d}")


if __name__ == "__main__":
    main()
