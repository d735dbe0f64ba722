"""What was measured of one map, as far as it decides whether to believe it."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from attrs import define, field as attribute

from globscope.pipeline.known_paths import PathsOfStudy
from globscope.topology.membership import ROUNDING, depiction
from globscope.topology.rim import rim
from globscope.topology.runs_on_map import BY_DESIGN, RunsOnMap
from globscope.values.findings import MOSTLY, Map
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology
from globscope.values.verdict import Belief


@define(frozen=True, kw_only=True)
class MapFacts:
    """What was measured of one map, on its first landscape and its first merge tree.

    Attributes:
        name: Name of the map.
        hidden: Why it has no merge tree; empty where it has one.
        loss: What people call the tree's field.
        threshold: Persistence threshold of the tree.
        runs: How many training runs there are.
        absent: Runs that it should show in a basin, and does not.
        why_absent: Why it does not, if that is the same for all; of several reasons, that of most of them; else empty.
        one_reason: Whether it is the same for all.
        aside: How many runs do not lie on it by its design, as on a slice through others.
        basins: How many basins the runs that it shows end in.
        untrusted: Share of the samples that lie where the map extrapolates.
        leaves: How many leaves the tree has.
        leaves_trusted: How many of them lie in the trusted region, or have a run that the map shows in their basin.
        checkpoints: How many trained networks it shows whose own loss is known.
        misjudged: Of these, those that it shows with another loss: one that differs by more than the tree tells apart.
        gap: Median |true − decoded| loss; None where it is unknown.
        unexplained: Share of the networks' variance that decoding loses; None where nothing is decoded or fitted.
        leaves_by_neighbours: Leaves by each rule of a lattice's neighbours.
        basins_again: The fewest and the most basins in which the runs end over its fits; empty where nobody measured.
        fits: How many distinct fits these are.
        leaves_fine: Leaves on a lattice of twice as many samples per axis; None where nobody measured.
        walls: How many walls its tree has between runs.
        beaten: Through how many of these a lower path is known.
        bypassed: Through how many others one is known between networks that it decodes in the same basins.
        saddles: How many saddles the tree has.
        saddles_at_rim: How many of them lie on the border of the lattice.
        within_noise: How many branches may be due to the random numbers by which networks are scored.
    """

    name: str
    hidden: str = ""
    loss: str = "training loss"
    threshold: float = 0.0
    runs: int = 0
    absent: tuple[str, ...] = ()
    why_absent: str = ""
    one_reason: bool = True
    aside: int = 0
    basins: int = 0
    untrusted: float = 0.0
    leaves: int = 0
    leaves_trusted: int = 0
    checkpoints: int = 0
    misjudged: int = 0
    gap: float | None = None
    unexplained: float | None = None
    leaves_by_neighbours: Mapping[str, int] = attribute(factory=dict)
    basins_again: tuple[int, ...] = ()
    fits: int = 0
    leaves_fine: int | None = None
    walls: int = 0
    beaten: int = 0
    bypassed: int = 0
    saddles: int = 0
    saddles_at_rim: int = 0
    within_noise: int = 0


# A belief, and what returns why no more remains; the empty string where the rule does not hold.
Rule = tuple[Belief, Callable[[MapFacts], str]]


def map_facts(map_: Map, figures: Mapping[str, Any], known: PathsOfStudy, on_map: RunsOnMap | None) -> MapFacts:
    """Return the facts of a map.

    Args:
        map_: The map.
        figures: The map's record among the study's results.
        known: All paths that the study knows.
        on_map: Where the runs' final networks lie on it; None where it has no merge tree.
    """
    landscape, topology = map_.landscape, map_.topology
    if landscape is None or topology is None or on_map is None:
        why = map_.hidden or map_.chart.why_no_inverse or "no merge tree was computed on it"
        return MapFacts(name=map_.name, hidden=why, runs=len(map_.population.variants))
    field = known.atlas.field_of(topology.field)
    fitted = map_.chart.extent is None
    return MapFacts(
        name=map_.name,
        loss=field.name,
        threshold=topology.threshold,
        unexplained=figures.get("unexplained_variance") if fitted else None,
        leaves_by_neighbours=topology.leaves_by_neighbours,
        within_noise=int(topology.within_noise.sum()),
        **_runs(on_map),
        **_samples(landscape, topology, on_map),
        **_gaps(map_, topology),
        **_measured_again(figures),
        **_walls(map_.name, known),
    )


def _runs(on_map: RunsOnMap) -> dict[str, Any]:
    pairs = list(zip(on_map.variants, on_map.reasons, strict=True))
    reasons = Counter(why for why in on_map.reasons if why not in ("", *BY_DESIGN))
    (why, count), *_ = reasons.most_common(1) or [("", 0)]
    return {
        "why_absent": why if count > MOSTLY * reasons.total() else "",
        "one_reason": len(reasons) < 2,
        "runs": len(on_map.variants),
        "absent": tuple(name for name, why in pairs if why not in ("", *BY_DESIGN)),
        "aside": sum(why in BY_DESIGN for _, why in pairs),
        "basins": len({basin for basin in on_map.basins.tolist() if basin >= 0}),
    }


def _samples(landscape: Landscape, topology: Topology, on_map: RunsOnMap) -> dict[str, Any]:
    minima, saddles = topology.tree.minima, topology.tree.saddles
    # On a floor that is as good as level, it is chance where the lowest sample lies.
    is_shown = landscape.trusted[minima] | np.isin(minima, on_map.basins)
    return {
        "untrusted": 1 - float(landscape.trusted.mean()) if len(landscape.trusted) else 0.0,
        "leaves": len(minima),
        "leaves_trusted": int(is_shown.sum()),
        "saddles": len(saddles),
        "saddles_at_rim": int(rim(landscape.samples)[saddles].sum()),
    }


def _gaps(map_: Map, topology: Topology) -> dict[str, Any]:
    shown = depiction(map_, topology.field, map_.population.trained)
    known = np.isfinite(shown.own) & ~shown.elsewhere
    allowed = np.maximum(topology.threshold, ROUNDING * np.abs(shown.own))
    gaps = shown.gaps[known]
    return {
        "checkpoints": len(gaps),
        "misjudged": int((~(gaps <= allowed[known])).sum()),
        "gap": float(np.median(gaps)) if len(gaps) and np.isfinite(gaps).all() else None,
    }


def _measured_again(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the analyses stability and resolution recorded, whatever they are called in the spec."""
    by_key = {key.rpartition(".")[2]: value for key, value in figures.items() if value is not None}
    ends = tuple(by_key[f"stability_basins_{end}"] for end in ("min", "max") if f"stability_basins_{end}" in by_key)
    leaves_fine = by_key.get("resolution_leaves_fine")
    return {"fits": by_key.get("stability_fits", 0), "basins_again": ends, "leaves_fine": leaves_fine}


def _walls(name: str, known: PathsOfStudy) -> dict[str, Any]:
    """Return the walls of the map's first tree between runs, and how many of them lower paths lead through."""
    first = next((passes for passes in known.passes if passes.map == name), None)
    if first is None:
        return {}
    walls, beaten = known.beaten_walls(first)
    return {"walls": walls, "beaten": len(beaten), "bypassed": len(known.bypassed_walls(first) - beaten.keys())}
