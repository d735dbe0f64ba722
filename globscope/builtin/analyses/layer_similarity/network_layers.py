"""The kernels of one network's layers, stored so that no network is run twice."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import (
    Bench,
    Draft,
    NetworkBuffers,
    Part,
    Population,
    Probe,
    ProbeTraits,
    Progress,
    Task,
    calibration_batches,
    fixed_batches,
    fixed_examples,
    fixed_seed,
    traits,
)
from globscope.builtin.analyses.layer_similarity.kernels import LayerKernel, kernel_of
from globscope.builtin.analyses.layer_similarity.recorded_layers import LayerRecorder, Places
from globscope.builtin.analyses.outputs.network_outputs import BATCH

# Bytes of features that are held at once; layers beyond that take a further pass.
HELD = 256 * 2**20


@define(frozen=True, kw_only=True)
class LayerOptions:
    """What is recorded of networks.

    Attributes:
        layers: Patterns of the layers' names; those with a matrix of weights if empty.
        places: Whether the values at all places of an example are features, or their means.
        split: Split of the data.
        examples: Largest number of its examples, drawn once with seed 0.
        device: Device on which the networks run.
    """

    layers: tuple[str, ...]
    places: Places
    split: str
    examples: int
    device: str

    def of_members(self, bench: Bench, population: Population, rows: Sequence[int]) -> list[dict[str, LayerKernel]]:
        """Return the kernels of each member's layers by name, in the order of the calls, stored under its weights."""
        works = [
            NetworkLayers(options=self, task=bench.task, network=population.take([row]), seed=bench.seed)
            for row in rows
        ]
        return [_kernels(arrays) for arrays in bench.stages(work.part for work in works)]


@define(frozen=True, kw_only=True)
class NetworkLayers:
    """The layers of one network.

    Attributes:
        options: What is recorded.
        task: The study's task.
        network: A population of the network alone.
        seed: The study's seed.
    """

    options: LayerOptions
    task: Task
    network: Population = field(repr=False)
    seed: int

    @property
    def part(self) -> Part:
        """The computation as a part of an analysis."""
        [member], weights = self.network.members, np.ascontiguousarray(self.network.weights[0])
        options = [self.options.layers, self.options.places, self.options.split, self.options.examples]
        inputs = ["layers", hashlib.blake2b(weights.data).hexdigest(), dict(member.buffers), *options]
        return Part(label=f"layers of {member.label}", inputs=inputs, work=self)

    def __call__(self, draft: Draft, progress: Progress) -> Mapping[str, np.ndarray]:
        """Return the arrays of every layer's kernel by its number, and the layers' `names` as text in bytes."""
        import torch

        del draft
        probe = self.task.build(self.options.device)
        arrays: dict[str, np.ndarray] = {}
        with torch.inference_mode(not probe.grad_inside):
            names, kernels = list[str](), self._kernels(probe, progress)
            for number, (name, kernel) in enumerate(kernels):
                names.append(name)
                arrays |= {f"{number}_{what}": array for what, array in kernel.arrays.items()}
        # Stages hold numbers: the names are bytes of UTF-8, between line feeds.
        return {"names": np.frombuffer("\n".join(names).encode(), np.uint8), **arrays}

    def _kernels(self, probe: Probe, progress: Progress) -> Iterator[tuple[str, LayerKernel]]:
        """Yield the kernels of the layers, some layers in each pass through the data."""
        import torch

        recorder = LayerRecorder(probe, self.options.layers, self.options.places)
        indices = fixed_examples(probe, self.options.split, self.options.examples)
        batches = fixed_batches(probe, self.options.split, self.options.examples, BATCH)
        sizes = [len(part) for part in torch.split(indices, BATCH)]
        tensors = self._tensors(probe)
        groups = _groups(self._record(recorder, tensors, batches[0], sizes[0], None), len(indices))
        for number, group in enumerate(groups):
            progress(number, len(groups))
            runs = (self._record(recorder, tensors, *each, group) for each in zip(batches, sizes, strict=True))
            found = [{name: value.cpu().numpy() for name, value in values.items()} for values in runs]
            for name in group:
                yield name, kernel_of(np.concatenate([values.pop(name) for values in found]))
        progress(len(groups), len(groups))

    def _record(
        self, recorder: LayerRecorder, tensors: Any, batch: Any, size: int, wanted: Sequence[str] | None
    ) -> dict[str, Any]:
        with fixed_seed(self.seed, self.options.device):  # where a network draws, all draw the same
            return recorder.record(tensors, batch, size, wanted)

    def _tensors(self, probe: Probe) -> dict[str, Any]:
        import torch

        weights = np.array(self.network.weights[0])
        parameters = probe.layout.unflatten(torch.from_numpy(weights).to(self.options.device))
        device, batches = self.options.device, calibration_batches(probe)
        buffers = NetworkBuffers(probe, "recalibrate", batches, seed=self.seed, device=device)
        return traits(probe, ProbeTraits).complete(parameters, buffers(parameters, self.network.members[0].buffers))


def _groups(recorded: Mapping[str, Any], examples: int) -> list[list[str]]:
    """Return the layers' names in groups whose features fill so many bytes, in their order."""
    groups, held = list[list[str]](), HELD
    for name, value in recorded.items():
        size = 4 * value.shape[1] * examples
        if held + size > HELD:
            groups.append([])
            held = 0
        groups[-1].append(name)
        held += size
    return groups


def _kernels(arrays: Mapping[str, np.ndarray]) -> dict[str, LayerKernel]:
    names = arrays["names"].tobytes().decode().split("\n") if arrays["names"].size else []
    parts = ("features", "triangle", "diagonal", "width")
    return {
        name: LayerKernel.from_arrays({part: arrays[f"{number}_{part}"] for part in parts})
        for number, name in enumerate(names)
    }
