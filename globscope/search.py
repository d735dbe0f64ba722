"""Samplers of many rounds, written as one generator that is replayed."""

from collections.abc import Generator

from globscope.values.landscape import Landscape, Samples

Search = Generator[Samples, Landscape, None]
"""Yields the samples of a round, and is sent the landscape of these alone."""


def next_round(search: Search, landscape: Landscape | None) -> Samples | None:
    """Return what a search asks for after all that was measured, or None at its end.

    A sampler's `ask` returns `next_round(self._search(chart), landscape)`: the search runs from its beginning, and is
    sent the rounds as they were measured. It must take points from what it is sent, not from what it asked for: a study
    that continues elsewhere has recorded points that may differ from its own in the last bits.

    Args:
        search: The search, not started.
        landscape: All samples measured so far; None at first.
    """
    start = 0
    try:
        samples = next(search)
        while landscape is not None and start < len(landscape.samples.points):
            stop = start + len(samples.points)
            samples = search.send(landscape.part(start, stop))
            start = stop
    except StopIteration:
        return None
    return samples
