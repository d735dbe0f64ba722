"""The outputs of members on the same examples, stored so that no network is run twice."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define

from globscope.api import (
    Bench,
    Draft,
    NetworkBuffers,
    Population,
    Progress,
    calibration_batches,
    fixed_batches,
    fixed_seed,
)

# Examples of one forward pass.
BATCH = 250


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
        outputs = {name: self._of(bench, population, own_rows, name) for name, own_rows in groups.items()}
        places = {row: (name, at) for name, own_rows in groups.items() for at, row in enumerate(own_rows)}
        return np.stack([outputs[places[row][0]][places[row][1]] for row in rows])

    def _of(self, bench: Bench, population: Population, rows: Sequence[int], name: str) -> np.ndarray:
        def work(_: Draft, progress: Progress) -> Mapping[str, np.ndarray]:
            run, outputs = self._runner(bench), list[np.ndarray]()
            for row in rows:
                progress(len(outputs), len(rows))
                outputs.append(run(population.weights[row], population.members[row].buffers))
            progress(len(rows), len(rows))
            return {"outputs": np.stack(outputs)}

        weights = [hashlib.blake2b(np.ascontiguousarray(population.weights[row]).data).hexdigest() for row in rows]
        networks = [weights, [dict(population.members[row].buffers) for row in rows]]
        return bench.stage(f"outputs of {name}", [networks, self.split, self.examples], work)["outputs"]

    def _runner(self, bench: Bench) -> Any:
        """Return a function from a network's weights and buffers to its (examples, values) outputs."""
        import torch

        probe = bench.task.build(self.device)
        batches = fixed_batches(probe, self.split, self.examples, BATCH)
        buffers_of = NetworkBuffers(
            probe, "recalibrate", calibration_batches(probe), seed=bench.seed, device=self.device
        )

        def run(weights: np.ndarray, stored: Mapping[str, np.ndarray]) -> np.ndarray:
            with torch.inference_mode(not probe.grad_inside):
                parameters = probe.layout.unflatten(torch.from_numpy(np.array(weights)).to(self.device))
                buffers = buffers_of(parameters, stored)
                with fixed_seed(bench.seed, self.device):  # where outputs are random, all networks use the same numbers
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
