"""How far the scores of one network lie apart where scoring it draws random numbers."""

import numpy as np
from attrs import evolve

from globscope.scoring.draws import REPEATS, scores
from globscope.store import key
from globscope.study.seeds import number
from globscope.study.stages.evaluate import draw_seed, evaluate
from globscope.study.workshop import Workshop
from globscope.values.evaluation import Networks
from globscope.values.members import Population


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
    for repeat in range(REPEATS):
        other = evolve(networks, seed=number(seed, "draw", repeat))
        networks_key, label = key("draw", finals.key, repeat), f"evaluate draw {repeat + 1} of {REPEATS}"
        rounds.append(evaluate(workshop, other, networks_key, label)[0])
    return _deviations({name: np.stack([one[name] for one in rounds]) for name in rounds[0]})


def _deviations(fields: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the root mean square over networks of the deviations of (draws, networks) values."""
    with np.errstate(invalid="ignore"):
        found = {name: float(np.sqrt(values.var(axis=0, ddof=1).mean())) for name, values in fields.items()}
    return {name: found[name] for name in scores(found) if np.isfinite(found[name])}
