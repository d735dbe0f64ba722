"""The optimisers of training runs, by the names that specs give them."""

from collections.abc import Sequence
from typing import Any

from globscope.errors import PopulationError
from globscope.spec.training import Train

# torch's own number of iterations in a step, and evaluations of the loss for them; so many pairs of differences are
# kept as by Krishnapriyan et al. (2021). A step ends early only at a stationary point: losses may be tiny.
ITERATIONS, EVALUATIONS, HISTORY = 20, 25, 50


def make_optimiser(name: str, parameters: Sequence[Any], train: Train, rate: Any, weight_decay: float) -> Any:
    """Return an optimiser; fused, because for small networks another step takes as long as the gradient.

    Args:
        name: One of the names that a spec may give.
        parameters: The tensors that it moves.
        train: The options that all runs share.
        rate: Learning rate; a tensor for a recorded step, which stays in its place when the rate changes.
        weight_decay: Weight decay, which L-BFGS does not have.
    """
    import torch

    if name == "lbfgs":
        return torch.optim.LBFGS(
            parameters,
            lr=rate,
            max_iter=ITERATIONS,
            max_eval=EVALUATIONS,
            tolerance_change=0.0,
            history_size=HISTORY,
            line_search_fn="strong_wolfe",
        )
    shared: dict[str, Any] = {"weight_decay": weight_decay, "fused": True, "lr": rate}
    if name == "sgd":
        return torch.optim.SGD(parameters, momentum=train.momentum, nesterov=train.nesterov, **shared)
    kinds = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}
    return kinds[name](parameters, capturable=isinstance(rate, torch.Tensor), **shared)


def searches_lines(optimiser: Any) -> bool:
    """Return whether an optimiser evaluates the loss several times in a step, and the host decides after each."""
    import torch

    return isinstance(optimiser, torch.optim.LBFGS)


def require_full_batch(name: str, train: Train, batch_size: int, examples: int) -> None:
    """Refuse L-BFGS on parts of the data.

    Its differences of gradients, and the losses that a line search compares, must be of one function.

    Raises:
        PopulationError: A batch of this run has fewer examples than there are.
    """
    if "lbfgs" in train.optimisers and batch_size < examples:
        raise PopulationError(
            f"variant {name!r}: optimiser 'lbfgs' needs all {examples} training examples in one batch, got "
            f"batch_size = {batch_size}; set batch_size = {examples}, or take another optimiser"
        )
