"""Scores units of networks by the method that suits them and the device."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from globscope.api import GRADIENT, Networks, Plan, Unit, is_out_of_memory
from globscope.builtin.evaluators.lift import Lift
from globscope.builtin.evaluators.scorer import Method, Scorer


class TorchUnits:
    """Lifts a unit and scores it."""

    def __init__(self, scorer: Scorer, lift: Lift, plan: Plan) -> None:
        """Take the plan's method, and its units, of which the next is lifted while one is scored."""
        self.device = lift.device
        self._scorer, self._lift, self._plan, self._memory_is_short = scorer, lift, plan, True

    def score(self, unit: Unit) -> dict[str, np.ndarray]:
        """Return the fields of a unit's networks, (stop − start,) float64 each; non-finite values as they come.

        Where the networks name a field to differentiate, `GRADIENT` is beside them, (stop − start, r) float64.
        """
        import torch

        if self._memory_is_short:
            torch.cuda.empty_cache()  # cuBLAS and cuDNN have no use for what torch keeps; on a CPU this does nothing
        self._memory_is_short = False
        try:
            weights = self._lift(unit)
            self._lift.prepare_next(unit, self._plan.units)
            scores = self._scorer.score(weights, self._lift.networks.nearest_buffers(unit), self._plan.method)
            return {**scores, GRADIENT: self._lift.pullback(scores[GRADIENT])} if GRADIENT in scores else scores
        except (MemoryError, RuntimeError) as error:
            self._memory_is_short = is_out_of_memory(error)
            raise

    def renew(self, networks: Networks, plan: Plan) -> "TorchUnits":
        """Return what scores other networks of the same space, with the same examples and members on the device."""
        return TorchUnits(self._scorer, self._lift.renew(networks), plan)


# Networks and units below which a measurement, which scores some of them four times, costs more than it saves.
WORTH_NETWORKS, WORTH_UNITS = 32, 8
# Networks that are scored one after another for a measurement.
FEW = 2
# Networks that are stacked for one: more of a large model might not fit.
SEVERAL = 8
# Of scores with equal draws; float32 sums in another order differ by less, other draws by more.
ALIKE = 1e-4


def chosen_method(scorer: Scorer, lift: Lift, units: Sequence[Unit], wanted: Method | None) -> Method:
    """Return the method that is wanted, or the faster one where none is; stacking only where it draws alike."""
    method = wanted or _faster_method(scorer, lift, units)
    return "loop" if method == "vmap" and not _draw_alike(scorer, lift, units) else method


def fastest(tries: Mapping[Method, Callable[[], object]], wait: Callable[[], object]) -> Method:
    """Return which way takes least, measured once after a first time that warms up; `wait` lets a device finish."""
    seconds: dict[Method, float] = {}
    for name, attempt in tries.items():
        attempt()
        wait()
        start = perf_counter()
        attempt()
        wait()
        seconds[name] = perf_counter() - start
    return min(seconds, key=lambda name: seconds[name])


def _faster_method(scorer: Scorer, lift: Lift, units: Sequence[Unit]) -> Method:
    """Return the fastest method on this GPU, from the first networks."""
    if not units or units[-1].stop < WORTH_NETWORKS:
        return "loop"
    method: Method = "loop"
    try:
        if scorer.recorder:
            method = _faster(scorer, lift, Unit(start=0, stop=FEW), "graph", "loop")
            method = "loop" if scorer.recorder.failure else method
        if len(units) >= WORTH_UNITS and _stacks(scorer, lift, units):
            method = _faster(scorer, lift, Unit(start=0, stop=min(SEVERAL, len(units[0]))), "vmap", method)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
    return method  # the last one that fitted; units are split as they are scored


def _stacks(scorer: Scorer, lift: Lift, units: Sequence[Unit]) -> bool:
    """Whether networks can be stacked; those whose task does not know are tried."""
    return scorer.probe.vmappable or (not scorer.probe.grad_inside and _alike_stacked(scorer, lift, units))


def _faster(scorer: Scorer, lift: Lift, unit: Unit, *ways: Method) -> Method:
    import torch

    stacked, stored = lift(unit), lift.networks.nearest_buffers(unit)
    tries = {way: lambda way=way: scorer.score(stacked, stored, way) for way in ways}
    return fastest(tries, lambda: torch.cuda.synchronize(lift.device))


def _draw_alike(scorer: Scorer, lift: Lift, units: Sequence[Unit]) -> bool:
    """Whether stacked networks draw the numbers that each alone would, tried on two; nothing drawn is alike."""
    return scorer.draw.seed is None or not units or _alike_stacked(scorer, lift, units)


def _alike_stacked(scorer: Scorer, lift: Lift, units: Sequence[Unit]) -> bool:
    """Whether two stacked networks get the scores that each alone gets, with their gradients."""
    few = Unit(start=0, stop=min(2, units[0].stop))
    weights, own = lift(few), lift.networks.nearest_buffers(few)
    try:
        stacked, alone = (scorer.score(weights, own, way) for way in ("vmap", "loop"))
    except RuntimeError as error:  # vmap's: it cannot stack this model, or not draw as it does
        if is_out_of_memory(error):
            raise
        return False
    return all(are_alike(stacked[name], alone[name]) for name in alone)


def are_alike(found: Any, wanted: Any) -> bool:
    """Whether values differ by no more than rounding, those of a gradient relative to its largest."""
    import torch

    found, wanted = torch.as_tensor(found), torch.as_tensor(wanted)
    smallest = ALIKE * wanted.abs().max().item() if wanted.ndim > 1 else 1e-8
    return bool(found.isclose(wanted, rtol=ALIKE, atol=smallest, equal_nan=True).all())
