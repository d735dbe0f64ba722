"""A network that left a study: its tensors under the names of their origin, its fields, and its file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.errors import GlobscopeError
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.stages.evaluate import draw_seed
from globscope.pipeline.take.card import Card
from globscope.pipeline.take.choice import Choice
from globscope.pipeline.take.save import SaveOptions, save
from globscope.pipeline.workshop import Workshop
from globscope.population.flatten import with_logarithms
from globscope.population.saved_network import SavedNetwork
from globscope.population.write_network import write_network
from globscope.roles import GivesBuffers, Probe, ProbeTraits, capability, traits
from globscope.scoring.buffers import NetworkBuffers
from globscope.scoring.examples import calibration_batches
from globscope.values.arrays import column_blocks
from globscope.values.evaluation import Networks
from globscope.values.members import Population

# How many members a card names.
NEAREST = 3


@define(frozen=True, kw_only=True, repr=False)
class TakenNetwork:
    """A network that left a study.

    Attributes:
        title: What it is, in a few words.
        fields: Its fields on the study's data, measured on these tensors.
        known: Its fields as the study measured them, where it did.
        warnings: Sentences that whoever uses it must not miss.
        nearest: The members nearest to it in weight space with their distances, the nearest first.
        card: What its README.md says.
        saved: What is written.
        skeleton: The torch module of the task, with other weights; None where the task has none.
    """

    title: str
    fields: Mapping[str, float]
    known: Mapping[str, float]
    warnings: tuple[str, ...]
    nearest: tuple[tuple[str, float], ...]
    card: Card = field(repr=False)
    saved: SavedNetwork = field(repr=False)
    skeleton: Any = field(repr=False, eq=False)

    def __repr__(self) -> str:
        """Return what it is and its fields, without its tensors."""
        values = ", ".join(f"{key} {value:.4g}" for key, value in self.fields.items())
        return f"TakenNetwork({self.title!r}: {values})"

    @property
    def tensors(self) -> Mapping[str, Any]:
        """Torch tensors by the names that they have in the checkpoint files of its run, in their number types."""
        return self.saved.tensors

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write it with a model card, README.md, and return the path of its weights.

        Args:
            path: A new folder, or a `.safetensors` file. A folder also gets the configuration and the tokeniser that
                lie beside the file of its origin, so that `from_pretrained` loads it.
            force: Whether files that are there are overwritten.

        Raises:
            FileError: A file is there, or cannot be written.
        """
        return write_network(Path(path), self.saved, self.card.text, force=force)

    def module(self) -> Any:
        """Return the task's torch module with these tensors, in evaluation mode.

        Raises:
            GlobscopeError: The task has no module.
        """
        from copy import deepcopy

        if self.skeleton is None:
            raise GlobscopeError("module: this task has no torch module; the tensors are in `tensors`")
        made = deepcopy(self.skeleton).cpu()
        loaded = made.load_state_dict({**made.state_dict(), **self.saved.by_model_name}, strict=False)
        for name in loaded.unexpected_keys:  # buffers that are in no state dict (torch's `persistent=False`)
            made.get_buffer(name).copy_(self.saved.by_model_name[name])
        return made.eval()


def take(
    workshop: Workshop, population: Population, choice: Choice, folder: Path, how: SaveOptions | None = None
) -> TakenNetwork:
    """Return a chosen network with its buffers and its fields.

    Its statistics are those with which the study's evaluator scores it. Its fields are measured on the tensors as they
    are written, in the number types of its origin.

    Args:
        workshop: The study at work.
        population: The study's members.
        choice: The network.
        folder: The run folder, for its card.
        how: How it is written; like the file of its origin if unset.

    Raises:
        GlobscopeError: A file of the population is gone, or the network cannot be scored.
    """
    probe = workshop.task.build("cpu")
    whole = _all_tensors(workshop, probe, choice)
    saved = save(workshop, population, choice, whole, how or SaveOptions())
    fields = _fields(workshop, probe, saved.by_model_name)
    nearest = _nearest(population, choice.weights)
    card = Card(
        choice=choice,
        fields=fields,
        nearest=nearest,
        facts=saved.facts,
        folder=folder,
        spec=workshop.spec,
    )
    return TakenNetwork(
        title=choice.title,
        fields=fields,
        known=choice.known,
        warnings=choice.warnings,
        nearest=nearest,
        card=card,
        saved=saved,
        skeleton=traits(probe, ProbeTraits).module,
    )


def _all_tensors(workshop: Workshop, probe: Probe, choice: Choice) -> dict[str, Any]:
    """Return all tensors of a network by the model's names: parameters, mapped or not, and buffers."""
    import torch

    parameters = probe.layout.unflatten(torch.from_numpy(np.array(choice.weights, np.float32)))
    buffers = {name: torch.from_numpy(np.array(array)) for name, array in _buffers(workshop, probe, choice).items()}
    known = traits(probe, ProbeTraits)
    decoded = {*buffers, *(known.log_variance_names[name] for name in buffers if name in known.log_variance_names)}
    mapped = {name: tensor for name, tensor in parameters.items() if name not in decoded}
    return {**known.fixed, **known.complete(mapped, buffers)}


def _buffers(workshop: Workshop, probe: Probe, choice: Choice) -> Mapping[str, Any]:
    """Return the buffers with which the study's evaluator scores a network."""
    import torch

    evaluator, seed = workshop.spec.evaluator.component, draw_seed(workshop)
    giving = capability(evaluator, GivesBuffers)
    if giving is not None:
        with workshop.errors_of(evaluator):
            return giving.buffers_of(workshop.task, choice.weights, choice.buffers, seed)
    rule = NetworkBuffers(probe, batches=calibration_batches(probe), seed=seed)
    parameters = probe.layout.unflatten(torch.from_numpy(np.array(choice.weights, np.float32)))
    return {name: tensor.cpu().numpy() for name, tensor in rule(parameters, choice.buffers).items()}


def _fields(workshop: Workshop, probe: Probe, tensors: Mapping[str, Any]) -> dict[str, float]:
    """Return the fields of a network with the statistics that it brings, by the evaluator of the study."""
    arrays = {name: _as_array(tensor) for name, tensor in tensors.items()}
    weights = probe.layout.flatten(with_logarithms(arrays, probe.layout))
    buffers = {name: arrays[name] for name in probe.initialise(0)[1] if name in arrays}
    entry = workshop.spec.evaluator
    giving = capability(entry.component, GivesBuffers)
    evaluator = entry.component if giving is None else giving.with_own_statistics()
    scoring = evolve(workshop, spec=evolve(workshop.spec, evaluator=evolve(entry, component=evaluator)))
    found = StudyBench(scoring).measure(Networks.of(weights[None], (buffers,) if buffers else ()))
    return {name: float(values[0]) for name, values in found.items()}


def _as_array(tensor: Any) -> np.ndarray:
    narrow = tensor.is_floating_point() and tensor.element_size() < 4
    array: np.ndarray = (tensor.float() if narrow else tensor).detach().cpu().numpy()
    return array


def _nearest(population: Population, weights: np.ndarray) -> tuple[tuple[str, float], ...]:
    """Return the trained members nearest to a network, with their distances in weight space."""
    rows = population.trained
    trained, squares = population.take(rows), np.zeros(len(rows))
    for block in column_blocks(len(weights), len(rows)):
        apart = trained.weights[:, block].astype(np.float64) - weights[block]
        squares += np.einsum("nd,nd->n", apart, apart)
    order = np.argsort(squares, kind="stable")[:NEAREST]
    return tuple((trained.members[row].label, float(np.sqrt(squares[row]))) for row in order.tolist())
