"""A task on a device, and what its probe may have beside what it must."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from attrs import define, field

from globscope.values.field import Description
from globscope.values.members import Layout

Tensors = Mapping[str, Any]
"""Torch tensors by name: parameters or buffers of one network."""


class Probe(Protocol):
    """A task on a device: the model without weights, and the data. Made by `Task.build`.

    Attributes:
        layout: Names and shapes of what is flattened.
        splits: Names of the data's parts, such as `("train", "test")`. The first is trained on.
        measures: Names of the reductions, such as `("loss", "accuracy")`; a landscape's field is
            `<split>_<measure>`.
        vmappable: Whether `reduce` may run under `torch.vmap` over a stack of parameters; for training, `objective`
            is then tried too.
        grad_inside: Whether the loss itself differentiates (a PINN's does): then no inference mode.
        statistics: Names of the buffers that `calibrate` re-estimates (a BatchNorm layer's running mean, variance and
            count); empty where there are none. All other buffers, such as an input normaliser's mean, a mask or a
            table, are a network's own, and decoded networks are scored with those of the nearest member.
    """

    layout: Layout
    splits: tuple[str, ...]
    measures: tuple[str, ...]
    vmappable: bool
    grad_inside: bool
    statistics: tuple[str, ...]

    def initialise(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a fresh network's parameters and all its buffers, the same for the same seed."""
        ...

    def examples(self, split: str) -> int:
        """Return how many examples a split has."""
        ...

    def batch(self, split: str, indices: Any) -> Any:
        """Return the examples with these indices (a long tensor), on the device."""
        ...

    def objective(self, parameters: Tensors, buffers: Tensors, batch: Any, *, training: bool) -> Any:
        """Return the mean loss of a batch, differentiable in the parameters.

        With `training`, layers behave as in training, and statistics in `buffers` move.
        """
        ...

    def reduce(self, parameters: Tensors, buffers: Tensors, batch: Any) -> dict[str, tuple[Any, float]]:
        """Return, by measure, its sum over the batch (a scalar tensor) and its weight.

        What it draws, it draws from a global generator (torch's, numpy's or Python's), which is seeded for every batch.
        Where `buffers` lacks the statistics, they are those of the batch itself.
        """
        ...

    def calibrate(self, parameters: Tensors, buffers: Tensors, batches: Sequence[Any]) -> dict[str, Any]:
        """Return `buffers` with the statistics re-estimated on `batches`; never under vmap.

        The forward passes use the other buffers as they are handed in, and leave them so; statistics that are
        handed in have no influence, and need not be there.
        """
        ...


@define(frozen=True, kw_only=True)
class ProbeTraits:
    """What is known of a probe beside its methods: its attribute `traits`.

    Attributes:
        descriptions: How people read the measures, by name: what they are called, their unit, which end is better and
            how they are drawn. A measure that is missing here is called by its name, with spaces for underscores.
        chance: Loss or measure of guessing, by field (ln C for the cross-entropy of C classes).
        aliases: Names that other people's checkpoints use for a module, such as `downsample` or `norm.1`, each with its
            name here.
        ties: By name of a tensor that the model uses in several places, its further names.
        fixed: Tensors of the parameters that the model has and does not train, by name.
        unsaved: Names of the buffers that checkpoints do not hold (torch's `persistent=False`): they are the model's
            own, and must be the same in every fresh network.
        roots: Names of the measures that are the square root of the mean that `reduce` gives (a relative L2 error is no
            mean; its square is, and adds up over batches).
        whole: Names of the measures that are no means over batches; the probe `Finishes` them.
        example_bytes: Bytes that an example counts for in the size of a batch, where a forward pass takes far more than
            its own suggest, as for text; 0 where they count.
        stackable: Whether training networks at once is tried though `vmappable` is false.
        no_outputs: The reason why the probe has no outputs, without a full stop.
        no_split: The reason why the loss is not computed from predictions, without a full stop.
        no_fisher: The reason why the predictions stand for no known distribution, without a full stop.
        module: The torch module whose forward it runs, in evaluation mode and with the layout's names (its own weights
            mean nothing). Together with `inputs`, the permutation symmetry of the network is found from it; without
            them networks cannot be aligned.
        unmapped: Tensors of the parameters that are not flattened, by name. A study sets this.
        substitutes: Tensors of one network, parameters and the buffers that belong to them, that stand for those of
            every checkpoint, by name. A study sets this.
        encodes_statistics: Whether buffers are flattened too; such a probe `Encodes` them. A study sets this.
        log_variance_names: By name of a buffer of variances, the name under which its logarithm is flattened.
    """

    descriptions: Mapping[str, Description] = field(factory=dict)
    chance: Mapping[str, float] = field(factory=dict)
    aliases: Mapping[str, str] = field(factory=dict)
    ties: Mapping[str, tuple[str, ...]] = field(factory=dict)
    fixed: Mapping[str, Any] = field(factory=dict)
    unsaved: Sequence[str] = ()
    roots: Sequence[str] = ()
    whole: Sequence[str] = ()
    example_bytes: int = 0
    stackable: bool = False
    no_outputs: str = "its probe has no outputs(parameters, buffers, batch)"
    no_split: str = (
        "its probe has no predictions(parameters, buffers, batch) and loss_of_predictions(predictions, batch)"
    )
    no_fisher: str = "its probe has no predictions_fisher(predictions, batch, vectors)"
    module: Any = None
    unmapped: Mapping[str, Any] = field(factory=dict)
    substitutes: Mapping[str, Any] = field(factory=dict)
    encodes_statistics: bool = False
    log_variance_names: Mapping[str, str] = field(factory=dict)

    def complete(self, parameters: Tensors, buffers: Tensors) -> dict[str, Any]:
        """Return all tensors of a network: those that are not mapped, its mapped parameters, and its buffers."""
        return {**self.unmapped, **parameters, **buffers}


class Digests(Protocol):
    """A probe that hashes its data, so that a change of what a user's function reads is seen."""

    def digest(self) -> str:
        """Return a hash of the data."""
        ...


class TakesInputs(Protocol):
    """A probe with a `module` whose arguments are known."""

    def inputs(self, batch: Any) -> tuple[Any, ...]:
        """Return what the module takes of a batch, by position."""
        ...


class ReturnsOutputs(Protocol):
    """A probe whose networks' outputs analyses can compare."""

    def outputs(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return a network's outputs for a batch: (examples, …, classes or values).

        Where there are right answers (`accuracy` is measured) the largest along the last axis is the network's. Layers
        behave as in `reduce`.
        """
        ...


class SplitsLoss(Protocol):
    """A probe whose loss is computed from what its network returns, so that there is a Gauss–Newton matrix."""

    def predictions(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return what the loss is computed from: a tensor, or tensors in tuples, lists and dicts.

        Layers behave as in `reduce`. The first axis is the examples'.
        """
        ...

    def loss_of_predictions(self, predictions: Any, batch: Any) -> Any:
        """Return the mean loss of a batch, which is `objective` out of training; no weights take part."""
        ...


class GivesFisher(Protocol):
    """A probe whose loss is −log of a probability that the predictions stand for, except for a constant."""

    def predictions_fisher(self, predictions: Any, batch: Any, vectors: Any) -> Any:
        """Return the Fisher information of the batch's predictions, times vectors of the predictions' form.

        It is that of one predicted class or number, averaged over all that the loss averages over.
        """
        ...


class Finishes(Protocol):
    """A probe with measures that are no means over batches (`whole`).

    For these `reduce` gives, in place of a sum, what they need of the batch.
    """

    def finish(self, measure: str, parts: Sequence[Any]) -> Any:
        """Return a measure of all batches of a split, a scalar tensor."""
        ...


class Encodes(Protocol):
    """A probe of flattened buffers (`encodes_statistics`)."""

    def decode_buffers(self, parameters: Tensors) -> Mapping[str, Any]:
        """Return the buffers that are among the flattened tensors, by their own names."""
        ...
