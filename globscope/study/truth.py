"""The fields of the members' own networks, measured once a study."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve

from globscope.store import key
from globscope.study.context import Context
from globscope.study.stages.evaluate import evaluate
from globscope.values.evaluation import Networks
from globscope.values.members import Population


def identified(population: Population) -> Population:
    """Return a population that knows its keys; members without get the hash of their weights and buffers."""
    if population.identity:
        return population
    rows = zip(population.weights, population.members, strict=True)
    return evolve(population, keys=tuple(key(np.asarray(row), dict(member.buffers)) for row, member in rows))


def truth(context: Context, parts: Sequence[Population]) -> dict[str, np.ndarray]:
    """Return the fields of the networks of several parts, (N,) each; those of one do not depend on the others."""
    found = []
    for part in parts:
        origin = f"{part.members[0].origin}'s " if part.members and part.members[0].origin else ""
        found.append(_measured(context, part, f"evaluate {origin}members"))
    return {name: np.concatenate([fields[name] for fields in found if fields]) for name in found[0]}


def truth_of(context: Context, population: Population) -> dict[str, np.ndarray]:
    """Return the fields of some members' own networks, (n,) each; only those that the study has not seen are scored."""
    members = identified(population)
    unseen = [row for row, one in enumerate(members.keys) if one not in context.truth]
    if unseen:
        _measured(context, members.take(unseen), "evaluate further members")
    rows = [context.truth[one] for one in members.keys]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}


def _measured(context: Context, part: Population, label: str) -> Mapping[str, np.ndarray]:
    """Return the fields of one part's networks, and remember them by the members' keys."""
    own = Networks.of(part.weights, part.buffers)
    fields, _ = evaluate(context, own, key("truth", part.identity), label)
    for row, one in enumerate(identified(part).keys):
        context.truth[one] = {name: float(values[row]) for name, values in fields.items()}
    return fields
