"""Graphs of samples as a search leaves them: descents into wells, and strings between these."""

from itertools import pairwise

import numpy as np

from globscope.values.landscape import Samples


def search_graph(centres, descents=12, steps=8, pairs=None, images=9, seed=0):
    """Return samples on straight descents into (k, d) centres and on bent strings between pairs of them.

    Every centre is one sample, the first k; every path is joined from sample to sample.
    """
    rng, centres = np.random.default_rng(seed), np.asarray(centres, float)
    count, d = centres.shape
    points, edges, total = [centres], [], count
    span = np.ptp(centres, axis=0).max() or 1.0
    for number in range(descents):
        goal = int(number % count)
        start = centres[goal] + rng.normal(size=d) * 0.25 * span
        way = np.linspace(start, centres[goal], steps + 1)[:-1]
        edges += [(total + k, total + k + 1) for k in range(steps - 1)] + [(total + steps - 1, goal)]
        points.append(way)
        total += steps
    for one, other in pairs if pairs is not None else [(a, b) for a in range(count) for b in range(a)]:
        t = np.linspace(0, 1, images + 2)[1:-1, None]
        bend = rng.normal(size=d) * 0.12 * span
        points.append((1 - t) * centres[one] + t * centres[other] + np.sin(np.pi * t) * bend)
        chain = [one, *range(total, total + images), other]
        edges += list(pairwise(chain))
        total += images
    return Samples(points=np.concatenate(points), edges=np.array(edges, int))
