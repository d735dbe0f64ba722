"""The evaluator of one process: lifts a unit of networks and scores it with torch."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from attrs import define, field
from attrs.validators import ge, gt, optional

from globscope.api import EvaluationError, Journal, Networks, Plan, Probe, Progress, Task, Unit

# Below this many examples a batch, starting the kernels costs more than the products, and stacking
# networks wins on a CPU; above it the loop is as fast and needs less memory.
FEW_EXAMPLES = 128


@define(frozen=True, kw_only=True)
class Torch:
    """Score networks with torch on one device: mean loss and accuracy on both splits.

    Attributes:
        examples: Of each split, drawn once with seed 0; all where unset.
        batch_size: Examples per forward pass; all at once where unset.
        calibration_examples: Training examples on which BatchNorm statistics are re-estimated for
            every network; none are used where the model has no such statistics.
        device: `auto` takes cuda, then mps, then cpu.
        memory: GiB that the weights of one unit of networks may take.
        method: `auto` stacks networks (`vmap`) where few examples make that faster, else `loop`s.
    """

    examples: int | None = field(default=None, validator=optional(ge(1)))
    batch_size: int | None = field(default=None, validator=optional(ge(1)))
    calibration_examples: int = field(default=1000, validator=ge(2))
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    memory: float = field(default=0.25, validator=gt(0))
    method: Literal["auto", "loop", "vmap"] = "auto"

    def evaluate(self, networks: Networks, task: Task, journal: Journal, progress: Progress) -> None:
        """Record every pending unit's fields in the journal.

        Raises:
            EvaluationError: No such device, or a single network does not fit into memory.
        """
        probe = task.build(self._device())
        plan = journal.plan(self._plan(probe, len(networks)))
        scorer = _Scorer(probe, self._batches(probe), self._calibration(probe), plan)
        while pending := journal.pending():  # again where units had to be split
            done = len(networks) - sum(unit.stop - unit.start for unit in pending)
            for unit in pending:
                progress(done, len(networks))
                done += _attempt(scorer, networks, unit, journal)
        progress(len(networks), len(networks))

    def _device(self) -> str:
        import torch

        cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
        if self.device == "auto":
            return "cuda" if cuda else "mps" if mps else "cpu"
        if not {"cuda": cuda, "mps": mps, "cpu": True}[self.device]:
            raise EvaluationError(f"evaluator.device: this machine has no {self.device!r}; 'auto' takes what is there")
        return self.device

    def _plan(self, probe: Probe, count: int) -> Plan:
        import torch

        width = max(1, min(64, int(self.memory * 2**30 / (4 * probe.layout.size))))
        units = tuple(Unit(start=s, stop=min(s + width, count)) for s in range(0, count, width))
        return Plan(units=units, method=self._method(probe), device=self._device(), threads=torch.get_num_threads())

    def _method(self, probe: Probe) -> Literal["loop", "vmap"]:
        if self.method == "vmap" and not probe.vmappable:
            raise EvaluationError("evaluator.method: this model cannot be stacked; use 'auto' or 'loop'")
        few = min(self._count(probe, s) for s in probe.splits) <= FEW_EXAMPLES
        auto: Literal["loop", "vmap"] = "vmap" if probe.vmappable and few else "loop"
        return auto if self.method == "auto" else self.method

    def _count(self, probe: Probe, split: str) -> int:
        return min(self.examples or probe.examples(split), probe.examples(split))

    def _batches(self, probe: Probe) -> dict[str, list[Any]]:
        return {s: _cut(probe, s, self._count(probe, s), self.batch_size) for s in probe.splits}

    def _calibration(self, probe: Probe) -> list[Any]:
        count = min(self.calibration_examples, probe.examples(probe.splits[0]))
        return _cut(probe, probe.splits[0], count, self.batch_size) if probe.stateful else []


def _cut(probe: Probe, split: str, count: int, size: int | None) -> list[Any]:
    """Return batches of the same `count` examples on every call."""
    import torch

    order = torch.randperm(probe.examples(split), generator=torch.Generator().manual_seed(0))
    return [probe.batch(split, at) for at in torch.split(order[:count].sort().values, size or count)]


def _attempt(scorer: "_Scorer", networks: Networks, unit: Unit, journal: Journal) -> int:
    """Return how many networks were scored: all of the unit, or none where it had to be split."""
    try:
        journal.record(unit, scorer.score(networks.weights(unit)))
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        if unit.stop - unit.start == 1:
            raise EvaluationError(f"network {unit.start} alone does not fit into memory: {error}") from error
        journal.split(unit)
        return 0
    return unit.stop - unit.start


def _out_of_memory(error: Exception) -> bool:
    """Tell the allocators' errors, which have no common class, from a model's own."""
    import torch

    named = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return named or "DefaultCPUAllocator" in str(error)


class _Scorer:
    """Scores stacks of weights; totals stay on the device until a unit is done."""

    def __init__(
        self, probe: Probe, batches: Mapping[str, Sequence[Any]], calibration: Sequence[Any], plan: Plan
    ) -> None:
        import torch

        self.probe, self.batches, self.calibration, self.plan = probe, batches, calibration, plan
        # mps has no float64.
        self.wide = torch.float32 if plan.device == "mps" else torch.float64
        self.buffers = probe.initialise(0)[1]

    def score(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return every field of (n, D) weights, (n,) float64 each; non-finite values as they come."""
        import torch

        with torch.inference_mode(not self.probe.grad_inside):
            stacked = torch.from_numpy(weights).to(self.plan.device)
            if self.plan.method == "vmap":
                totals = torch.vmap(self._totals)(self.probe.layout.unflatten(stacked))
            else:
                totals = torch.stack([self._one(row) for row in stacked])
        found = totals.detach().cpu().numpy().astype(np.float64)
        return dict(zip(self.names, found.T, strict=True))

    @property
    def names(self) -> list[str]:
        return [f"{split}_{measure}" for split in self.batches for measure in self.probe.measures]

    def _one(self, row: Any) -> Any:
        parameters = self.probe.layout.unflatten(row)
        buffers = self.probe.calibrate(parameters, self.calibration) if self.probe.stateful else self.buffers
        return self._totals(parameters, buffers)

    def _totals(self, parameters: Mapping[str, Any], buffers: Mapping[str, Any] | None = None) -> Any:
        import torch

        means = []
        for batches in self.batches.values():
            parts = [self.probe.reduce(parameters, buffers or self.buffers, batch) for batch in batches]
            for measure in self.probe.measures:
                whole = sum(part[measure][1] for part in parts)
                means.append(sum(part[measure][0].detach().to(self.wide) for part in parts) / whole)
        return torch.stack(means)
