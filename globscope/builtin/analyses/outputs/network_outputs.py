"""The outputs of members on the same examples, stored so that no network is run twice."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import (
    Bench,
    Draft,
    EvaluationError,
    NetworkBuffers,
    Part,
    Population,
    Probe,
    ProbeTraits,
    Progress,
    ReturnsOutputs,
    Task,
    calibration_batches,
    capability,
    fixed_batches,
    fixed_seed,
    near,
    traits,
)

# Examples of one forward pass.
BATCH = 250


def require_outputs(analysis: str, purpose: str, probe: Probe, split: str) -> None:
    """Refuse a task without outputs and an unknown split.

    Args:
        analysis: Name of the analysis that needs the outputs.
        purpose: What it does with them, in the third person.
        probe: The study's task.
        split: Name of the split whose outputs are wanted.

    Raises:
        EvaluationError: One of these.
    """
    if capability(probe, ReturnsOutputs) is None:
        reason = traits(probe, ProbeTraits).no_outputs
        raise EvaluationError(f"analysis {analysis}: {purpose} networks' outputs, and this task has none: {reason}")
    require_split(analysis, probe, split)


def require_split(analysis: str, probe: Probe, split: str) -> None:
    """Refuse a split that the task does not have.

    Raises:
        EvaluationError: It is unknown.
    """
    if split not in probe.splits:
        raise EvaluationError(f"analysis {analysis}: no split {split!r}; {near(split, probe.splits)}")


@define(frozen=True, kw_only=True)
class Outputs:
    """The outputs of networks on fixed examples.

    Attributes:
        split: Split of the data.
        examples: Largest number of its examples, drawn once with seed 0.
        device: Device on which the networks run.
    """

    split: str
    examples: int
    device: str

    def of_members(self, bench: Bench, population: Population, rows: Sequence[int]) -> np.ndarray:
        """Return (members, examples, values) float32 outputs, stored for each variant under its weights."""
        variants = dict.fromkeys(population.members[row].variant for row in rows)
        groups = {name: [row for row in rows if population.members[row].variant == name] for name in variants}
        works = [
            VariantOutputs(outputs=self, task=bench.task, networks=population.take(own_rows), seed=bench.seed)
            for own_rows in groups.values()
        ]
        outputs = [arrays["outputs"] for arrays in bench.stages(work.part for work in works)]
        places = {row: (variant, at) for variant, own in enumerate(groups.values()) for at, row in enumerate(own)}
        return np.stack([outputs[variant][at] for variant, at in (places[row] for row in rows)])


@define(frozen=True, kw_only=True)
class VariantOutputs:
    """The outputs of one variant's networks.

    Attributes:
        outputs: The examples, and the device.
        task: The study's task.
        networks: The networks that are run, all of one variant.
        seed: The study's seed.
    """

    outputs: Outputs
    task: Task
    networks: Population = field(repr=False)
    seed: int

    def __call__(self, draft: Draft, progress: Progress) -> Mapping[str, np.ndarray]:
        """Return `outputs`, (networks, examples, values)."""
        del draft
        run, found = self._runner(), list[np.ndarray]()
        for row, member in enumerate(self.networks.members):
            progress(row, len(self.networks.members))
            found.append(run(self.networks.weights[row], member.buffers))
        progress(len(found), len(found))
        return {"outputs": np.stack(found)}

    @property
    def part(self) -> Part:
        """The computation as a part of an analysis."""
        members = self.networks.members
        weights = [hashlib.blake2b(np.ascontiguousarray(row).data).hexdigest() for row in self.networks.weights]
        networks = [weights, [dict(member.buffers) for member in members]]
        inputs = [networks, self.outputs.split, self.outputs.examples]
        return Part(label=f"outputs of {members[0].variant}", inputs=inputs, work=self)

    def _runner(self) -> Any:
        """Return a function from a network's weights and buffers to its (examples, values) outputs."""
        import torch

        device = self.outputs.device
        probe = self.task.build(device)
        batches = fixed_batches(probe, self.outputs.split, self.outputs.examples, BATCH)
        buffers_of = NetworkBuffers(probe, "recalibrate", calibration_batches(probe), seed=self.seed, device=device)

        def run(weights: np.ndarray, stored: Mapping[str, np.ndarray]) -> np.ndarray:
            with torch.inference_mode(not probe.grad_inside):
                parameters = probe.layout.unflatten(torch.from_numpy(np.array(weights)).to(device))
                buffers = buffers_of(parameters, stored)
                with fixed_seed(self.seed, device):  # where outputs are random, all networks use the same numbers
                    outputs = [probe.outputs(parameters, buffers, batch) for batch in batches]  # type: ignore[attr-defined]
                chosen = [cycle_places(batch, number * BATCH) for number, batch in enumerate(outputs)]
            joined: np.ndarray = torch.cat(chosen).cpu().numpy()
            return joined

        return run


def cycle_places(outputs: Any, first: int) -> Any:
    """Return (examples, values) of (examples, …, values): one place of each example, in turn."""
    import torch

    places = outputs.detach().float().reshape(len(outputs), -1, outputs.shape[-1])
    rows = torch.arange(len(outputs), device=outputs.device)
    return places[rows, (rows + first) % places.shape[1]]
