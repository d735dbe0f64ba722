"""The evaluator of one process: lifts a unit of networks and scores it with torch."""

from collections.abc import Sequence
from typing import Any, Literal

from attrs import define, field
from attrs.validators import and_, ge, gt, optional

from globscope.api import (
    BATCH,
    EXAMPLES,
    EvaluationError,
    Journal,
    NetworkBuffers,
    Networks,
    Plan,
    Precision,
    Probe,
    ProbeTraits,
    Progress,
    Task,
    Unit,
    calibration_batches,
    device,
    device_name,
    fixed_batches,
    is_out_of_memory,
    traits,
)
from globscope.builtin.evaluators.lift import Lift
from globscope.builtin.evaluators.scorer import Draw, Method, Scorer, fastest

# Below this many examples a batch, starting the kernels costs more than the products, and stacking
# networks wins on a CPU; above it the loop is as fast and needs less memory.
FEW_EXAMPLES = 128

# Units below which a measurement, which scores the first unit four times, costs more than it saves.
WORTH = 8
# Of scores with equal draws; float32 sums in another order differ by less, other draws by more.
ALIKE = 1e-4


@define(frozen=True, kw_only=True)
class Torch:
    """Score networks with torch on one device: mean loss and accuracy on both splits.

    Attributes:
        examples: Number of examples of each split to score on, drawn once with seed 0; all if unset.
        batch_size: Examples per forward pass; if unset, as many as take 64 MiB.
        batch_norm: Which statistics a network's BatchNorm layers use. `recalibrate` re-estimates them for every
            network, because a decoded network has none of its own; `batch` uses those of each batch that is scored;
            `stored` those of the nearest member; `encoded` those that were mapped and decoded with the weights
            (`population.flatten = "all"`); `initial` those of a fresh network, mean 0 and variance 1, as when only the
            parameters are loaded into a new model (Garipov et al., 2018, describe the effect).
        calibration_examples: Training examples on which `recalibrate` estimates the statistics.
        device: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
        memory: Memory for the weights of the networks that are scored together, in GiB.
        method: `vmap` stacks networks, `loop` scores them one after another, and `auto` stacks them where few examples
            make that faster; on a GPU `auto` uses whichever a short measurement finds faster.
        precision: Precision of matrix products: `tf32` rounds their inputs on GPUs that can, `bfloat16` halves them.
            Losses are always summed in float64.
        draws: How often each network is scored, with other random numbers each time, where the task's loss draws random
            numbers (a variational autoencoder, dropout that is left on). Fields are then means, and
            `<field>_standard_error` gives their standard error. Losses that draw nothing are scored once.
    """

    examples: int | None = field(default=None, validator=optional(and_(ge(1), EXAMPLES)))
    batch_size: int | None = field(default=None, validator=optional(and_(ge(1), BATCH)))
    batch_norm: Literal["recalibrate", "batch", "stored", "encoded", "initial"] = "recalibrate"
    calibration_examples: int = field(default=1000, validator=and_(ge(2), EXAMPLES))
    device: str = field(default="auto", validator=device_name)
    memory: float = field(default=0.25, validator=gt(0))
    method: Literal["auto", "loop", "vmap"] = "auto"
    precision: Precision = "float32"
    draws: int = field(default=1, validator=ge(1))

    def evaluate(self, networks: Networks, task: Task, journal: Journal, progress: Progress) -> None:
        """Record every pending unit's fields in the journal.

        Raises:
            EvaluationError: No such device, or a single network does not fit into memory.
        """
        import torch

        probe = task.build(self._device())
        self.check(probe)
        lift = Lift(networks, self._device())
        buffers, draw = self._buffers(probe, networks.seed), Draw(networks.seed, self.draws)
        scorer = Scorer(probe, self._batches(probe), buffers, self._device(), self.precision, draw=draw)
        plan = journal.plan(self._plan(probe, scorer, lift))
        while pending := journal.pending():  # again where units had to be split
            torch.cuda.empty_cache()  # cuBLAS and cuDNN have no use for what torch keeps; on a CPU this does nothing
            done = len(networks) - sum(unit.stop - unit.start for unit in pending)
            for unit in pending:
                progress(done, len(networks))
                done += _attempt(scorer, lift, unit, plan.method, journal)
        progress(len(networks), len(networks))

    def check(self, probe: Probe) -> None:
        """Refuse what this task cannot be scored with.

        Raises:
            EvaluationError: No such device, no stacking, or no statistics to travel.
        """
        self._device()
        self._method(probe)
        if self.batch_norm == "encoded" and probe.statistics and not traits(probe, ProbeTraits).travels:
            raise EvaluationError("evaluator.batch_norm: 'encoded' needs population.flatten = 'all'")

    def _device(self) -> str:
        return device(self.device, "evaluator.device")

    def _plan(self, probe: Probe, scorer: Scorer, lift: Lift) -> Plan:
        count = len(lift.networks)
        width = max(1, min(64, int(self.memory * 2**30 / (4 * probe.layout.size))))
        units = tuple(Unit(start=s, stop=min(s + width, count)) for s in range(0, count, width))
        method = self._method(probe) or _measured(scorer, lift, units)
        method = "loop" if method == "vmap" and not _draw_alike(scorer, lift, units) else method
        return Plan(units=units, method=method)

    def _method(self, probe: Probe) -> Method | None:
        """Return how networks are scored; None where only a measurement can tell."""
        if self.method == "vmap" and not probe.vmappable:
            raise EvaluationError("evaluator.method: this model cannot be stacked; use 'auto' or 'loop'")
        if self.method != "auto":
            return self.method
        if probe.vmappable and self._device().startswith("cuda"):
            return None
        few = min(self._count(probe, s) for s in probe.splits) <= FEW_EXAMPLES
        return "vmap" if probe.vmappable and few else "loop"

    def _count(self, probe: Probe, split: str) -> int:
        return min(self.examples or probe.examples(split), probe.examples(split))

    def _batches(self, probe: Probe) -> dict[str, list[Any]]:
        return {s: fixed_batches(probe, s, self.examples, self.batch_size) for s in probe.splits}

    def _buffers(self, probe: Probe, seed: int | None) -> NetworkBuffers:
        estimated = self.batch_norm == "recalibrate"
        batches = calibration_batches(probe, self.calibration_examples, self.batch_size) if estimated else []
        return NetworkBuffers(probe, self.batch_norm, batches, seed=seed, device=self._device())


def _draw_alike(scorer: Scorer, lift: Lift, units: Sequence[Unit]) -> bool:
    """Whether stacked networks draw the numbers that each alone would, tried on two; nothing drawn is alike."""
    if scorer.draw.seed is None or not units:
        return True
    few = Unit(start=0, stop=min(2, units[0].stop))
    weights, own = lift(few), lift.networks.stored(few)
    try:
        found: tuple[Any, Any] = (scorer.totals(weights, own, "vmap"), scorer.totals(weights, own, "loop"))
    except RuntimeError:  # vmap's: it cannot draw as this model does
        return False
    return bool(found[0].isclose(found[1], rtol=ALIKE, equal_nan=True).all())


def _measured(scorer: Scorer, lift: Lift, units: Sequence[Unit]) -> Method:
    """Return the faster method for a model that can be stacked, from the first unit's networks."""
    import torch

    if len(units) < WORTH:
        return "loop"
    ways: tuple[Method, ...] = ("vmap", "loop")
    try:
        stacked, stored = lift(units[0]), lift.networks.stored(units[0])
        tries = {way: lambda way=way: scorer.totals(stacked, stored, way) for way in ways}
        return fastest(tries, lambda: torch.cuda.synchronize(lift.device))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return "loop"  # which needs least; units are split as they are scored


def _attempt(scorer: Scorer, lift: Lift, unit: Unit, method: Method, journal: Journal) -> int:
    """Return how many networks were scored: all of the unit, or none where it had to be split."""
    import torch

    try:
        fields = scorer.score(lift(unit), lift.networks.stored(unit), method)
        journal.record(unit, fields, device=lift.device, threads=torch.get_num_threads())
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        if unit.stop - unit.start == 1:
            raise EvaluationError(f"network {unit.start} alone does not fit into memory: {error}") from error
        journal.split(unit)
        return 0
    return unit.stop - unit.start
