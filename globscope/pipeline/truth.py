"""The fields of the members' own networks, measured once a study."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve

from globscope.pipeline.extent import Branches
from globscope.pipeline.stage_keys import integer_seed
from globscope.pipeline.stages.evaluate import draw_seed, evaluate
from globscope.pipeline.workshop import Workshop
from globscope.scoring.draws import REPEATS, scores
from globscope.store import key
from globscope.values.evaluation import Networks
from globscope.values.members import Population

# Fields of members' own networks, by the members' keys.
Truth = Mapping[str, Mapping[str, float]]


def with_keys(population: Population) -> Population:
    """Return a population that knows its keys; members without get the hash of their weights and buffers."""
    if population.key:
        return population
    rows = zip(population.weights, population.members, strict=True)
    return evolve(population, keys=tuple(key(np.asarray(row), dict(member.buffers)) for row, member in rows))


def measure_truth(workshop: Workshop, parts: Sequence[Population]) -> Truth:
    """Return the fields of the networks of several parts; those of one part do not depend on the others."""
    found: dict[str, Mapping[str, float]] = {}
    with Branches() as branches:
        for part in parts:
            origin = f"{part.members[0].origin}'s " if part.members and part.members[0].origin else ""
            with branches.branch():
                found |= _measure(workshop, part, f"evaluate {origin}members")
    return found


def truth_of(workshop: Workshop, population: Population, known: Truth) -> dict[str, np.ndarray]:
    """Return the fields of the members' own networks, (n,) each; those that are not known are scored."""
    members = with_keys(population)
    unknown = [row for row, key in enumerate(members.keys) if key not in known]
    if unknown:
        known = {**known, **_measure(workshop, members.take(unknown), "evaluate further members")}
    rows = [known[key] for key in members.keys]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}


def _measure(workshop: Workshop, part: Population, label: str) -> Truth:
    fields, _ = evaluate(workshop, Networks.of(part.weights, part.buffers), key("truth", part.key), label)
    rows = ({name: float(values[row]) for name, values in fields.items()} for row in range(len(part.members)))
    return dict(zip(with_keys(part).keys, rows, strict=True))


def noise(workshop: Workshop, members: Population) -> dict[str, float]:
    """Return the standard deviation of each field between draws, over the runs' final networks.

    Nothing where scoring draws nothing; fields that are not finite are left out. Each draw is a stage of its own.
    """
    seed = draw_seed(workshop)
    if seed is None or not members.finals:
        return {}
    finals = members.take(members.finals)
    networks = Networks.of(finals.weights, finals.buffers)
    rounds = []
    with Branches() as branches:
        for repeat in range(REPEATS):
            other = evolve(networks, seed=integer_seed(seed, "draw", repeat))
            networks_key, label = key("draw", finals.key, repeat), f"evaluate draw {repeat + 1} of {REPEATS}"
            with branches.branch():
                rounds.append(evaluate(workshop, other, networks_key, label)[0])
    return _deviations({name: np.stack([one[name] for one in rounds]) for name in rounds[0]})


def _deviations(fields: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the root mean square over networks of the deviations of (draws, networks) values; 0 for mere rounding."""
    found = {name: _deviation(fields[name]) for name in scores(fields)}
    return {name: deviation for name, deviation in found.items() if np.isfinite(deviation)}


def _deviation(values: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        variances = values.var(axis=0, ddof=1)
    # Networks are scored in float32, whose rounding is not due to the draws.
    rounding = np.finfo(np.float32).eps * np.abs(values).max(axis=0)
    variances[variances <= rounding**2] = 0
    return float(np.sqrt(variances.mean()))
