"""What a reader must know of scores that are drawn."""

from collections.abc import Iterator

from globscope.api import REPEATS, Atlas


def drawn_scores(atlas: Atlas) -> Iterator[str]:
    """Yield how far scores of one network lie apart, and which branches of the merge trees may be due to that."""
    apart = {name: deviation for name, deviation in atlas.noise.items() if deviation > 0}
    if apart:
        figures = ", ".join(f"{deviation:.3g} ({name})" for name, deviation in apart.items())
        yield (
            f"scoring draws random numbers: over {REPEATS} evaluations of each run's last network, the standard "
            f"deviation is {figures}; all networks of this study are scored with the same numbers"
        )
    for one in atlas.maps:
        topology = one.topology
        within = 0 if topology is None else int(topology.within_noise.sum())
        if topology is not None and within:
            yield (
                f"{one.name}: {within} of {len(topology.tree.pairs)} branches of its merge tree have a persistence "
                f"below {topology.noise:.3g}, the standard deviation of the draws of {topology.field}: they may be "
                "chance"
            )
