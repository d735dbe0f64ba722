"""The fields of the members' own networks, measured once a study."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve

from globscope.store import key
from globscope.study.stages.evaluate import evaluate
from globscope.study.workshop import Workshop
from globscope.values.evaluation import Networks
from globscope.values.members import Population

# Fields of members' own networks, by the members' keys.
Truth = Mapping[str, Mapping[str, float]]


def identified(population: Population) -> Population:
    """Return a population that knows its keys; members without get the hash of their weights and buffers."""
    if population.key:
        return population
    rows = zip(population.weights, population.members, strict=True)
    return evolve(population, keys=tuple(key(np.asarray(row), dict(member.buffers)) for row, member in rows))


def measure_truth(workshop: Workshop, parts: Sequence[Population]) -> Truth:
    """Return the fields of the networks of several parts; those of one part do not depend on the others."""
    found: dict[str, Mapping[str, float]] = {}
    for part in parts:
        origin = f"{part.members[0].origin}'s " if part.members and part.members[0].origin else ""
        found |= _measured(workshop, part, f"evaluate {origin}members")
    return found


def truth_of(workshop: Workshop, population: Population, known: Truth) -> dict[str, np.ndarray]:
    """Return the fields of the members' own networks, (n,) each; those that are not known are scored."""
    members = identified(population)
    unknown = [row for row, key in enumerate(members.keys) if key not in known]
    if unknown:
        known = {**known, **_measured(workshop, members.take(unknown), "evaluate further members")}
    rows = [known[key] for key in members.keys]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}


def _measured(workshop: Workshop, part: Population, label: str) -> Truth:
    fields, _ = evaluate(workshop, Networks.of(part.weights, part.buffers), key("truth", part.key), label)
    rows = ({name: float(values[row]) for name, values in fields.items()} for row in range(len(part.members)))
    return dict(zip(identified(part).keys, rows, strict=True))
