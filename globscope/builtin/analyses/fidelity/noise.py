"""Warnings about scores that depend on random numbers."""

from collections.abc import Iterator

from globscope.api import REPEATS, Atlas


def noise_warnings(atlas: Atlas) -> Iterator[str]:
    """Yield the spread of a network's scores, and how many branches of the merge trees may be due to it."""
    deviations = {name: deviation for name, deviation in atlas.noise.items() if deviation > 0}
    if deviations:
        figures = ", ".join(f"{deviation:.3g} ({atlas.field_of(name).name})" for name, deviation in deviations.items())
        yield (
            f"scoring draws random numbers: over {REPEATS} evaluations of each run's final network, the standard "
            f"deviation is {figures}; all networks of this study are scored with the same numbers"
        )
    for map_ in atlas.maps:
        topology = map_.topology
        within = 0 if topology is None else int(topology.within_noise.sum())
        if topology is not None and within:
            name = atlas.field_of(topology.field).name
            yield (
                f"{map_.name}: {within} of {len(topology.tree.pairs)} branches of its merge tree have a persistence "
                f"below {topology.noise:.3g}, the standard deviation of the draws of {name}: they may be chance"
            )
