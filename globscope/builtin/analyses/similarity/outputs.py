"""What members say of the same examples, kept so that no network is asked twice."""

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
class OutputExamples:
    """The examples that every network is asked about.

    Attributes:
        split: Of the data.
        examples: So many of it at most, drawn once with seed 0.
        device: Where the networks run.
    """

    split: str
    examples: int
    device: str

    def answers(self, bench: Bench, population: Population, rows: Sequence[int]) -> np.ndarray:
        """Return (members, examples, values) float32 outputs, stored variant by variant under their weights."""
        variants = dict.fromkeys(population.members[row].variant for row in rows)
        groups = {name: [row for row in rows if population.members[row].variant == name] for name in variants}
        found = {name: self._of(bench, population, own, name) for name, own in groups.items()}
        place = {row: (name, at) for name, own in groups.items() for at, row in enumerate(own)}
        return np.stack([found[place[row][0]][place[row][1]] for row in rows])

    def _of(self, bench: Bench, population: Population, rows: Sequence[int], name: str) -> np.ndarray:
        def work(_: Draft, progress: Progress) -> Mapping[str, np.ndarray]:
            ask, answers = self._asking(bench), list[np.ndarray]()
            for row in rows:
                progress(len(answers), len(rows))
                answers.append(ask(population.weights[row], population.members[row].buffers))
            progress(len(rows), len(rows))
            return {"answers": np.stack(answers)}

        weights = [hashlib.blake2b(np.ascontiguousarray(population.weights[row]).data).hexdigest() for row in rows]
        networks = [weights, [dict(population.members[row].buffers) for row in rows]]
        return bench.stage(f"outputs of {name}", [networks, self.split, self.examples], work)["answers"]

    def _asking(self, bench: Bench) -> Any:
        """Return what gives a network's (examples, values) from its weights."""
        import torch

        probe = bench.task.build(self.device)
        batches = fixed_batches(probe, self.split, self.examples, BATCH)
        buffers_of = NetworkBuffers(
            probe, "recalibrate", calibration_batches(probe), seed=bench.seed, device=self.device
        )

        def ask(weights: np.ndarray, own: Mapping[str, np.ndarray]) -> np.ndarray:
            with torch.inference_mode(not probe.grad_inside):
                parameters = probe.layout.unflatten(torch.from_numpy(np.array(weights)).to(self.device))
                buffers = buffers_of(parameters, own)
                with fixed_seed(bench.seed, self.device):  # where outputs are drawn, all networks draw the same
                    outputs = [probe.outputs(parameters, buffers, batch) for batch in batches]  # type: ignore[attr-defined]
                found: np.ndarray = torch.cat([one_place(o, i * BATCH) for i, o in enumerate(outputs)]).cpu().numpy()
            return found

        return ask


def one_place(outputs: Any, first: int) -> Any:
    """Return (examples, values) of (examples, …, values): one place an example, the next one's for the next."""
    import torch

    places = outputs.detach().float().reshape(len(outputs), -1, outputs.shape[-1])
    rows = torch.arange(len(outputs), device=outputs.device)
    return places[rows, (rows + first) % places.shape[1]]
