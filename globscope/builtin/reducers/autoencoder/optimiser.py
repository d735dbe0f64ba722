"""The optimisers of the autoencoder; imported where torch is needed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import torch
from torch import nn

Kind = Literal["muon", "adam", "rmsprop"]
MOMENTUM = 0.85
# Beside Muon, Adam's learning rate is this share of Muon's, for a step of Muon moves a matrix by more.
SHARE_OF_ADAM = 0.2
# Widths of hidden layers from which a step of Muon pays. On matrices of narrower ones Adam keeps more neighbours.
WIDE = 17
# Coefficients of x, x³ and x⁵ in every iteration. Together they turn singular values from 0.001 to 1 into 0.44 to 1.56,
# as near to 1 as four iterations do in the way of Amsel et al., "The Polar Express", 2025.
COEFFICIENTS = ((7.711, -22.114, 16.249), (4.177, -3.516, 0.758), (4.177, -3.516, 0.758), (3.343, -2.557, 0.535))


def optimisers(kind: Kind, network: Any, rate: float) -> list[Any]:
    """Return what changes all parameters of an autoencoder [encoder, decoder] together.

    Muon's are the encoder's matrices to wide hidden layers and the decoder's from them. All else is Adam's.
    """
    if kind == "rmsprop":
        return [torch.optim.RMSprop(network.parameters(), lr=rate)]
    if kind == "adam":
        return [torch.optim.Adam(network.parameters(), lr=rate, fused=True)]
    encoder, decoder = ([layer.weight for layer in part if isinstance(layer, nn.Linear)] for part in network)
    matrices = [matrix for matrix in encoder[:-1] if matrix.shape[0] >= WIDE]
    matrices += [matrix for matrix in decoder[1:] if matrix.shape[1] >= WIDE]
    taken = set(map(id, matrices))
    rest = [parameter for parameter in network.parameters() if id(parameter) not in taken]
    muon = [Muon(matrices, rate)] if matrices else []
    return [*muon, torch.optim.Adam(rest, lr=SHARE_OF_ADAM * rate, fused=True)]


class Muon(torch.optim.Optimizer):
    """Gradient descent whose steps are momentum with singular values of about 1 (Jordan et al., "Muon", 2024).

    It differs from `torch.optim.Muon`, which rounds to bfloat16: it computes in the matrices' own type, iterates on the
    Gram matrix of the shorter side, and does matrices of one shape, transposed or not, together. A step of the
    autoencoder takes two thirds of the time.
    """

    def __init__(self, matrices: Iterable[Any], rate: float) -> None:
        """Start with no momentum."""
        super().__init__(matrices, {"lr": rate})
        alike = defaultdict(list)
        for matrix in self.param_groups[0]["params"]:
            alike[tuple(sorted(matrix.shape))].append(matrix)
        self._stacks = [
            (stack, torch.zeros_like(torch.stack([_wide(one.detach()) for one in stack]))) for stack in alike.values()
        ]

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Change the matrices by their gradients; they must all have one."""
        del closure
        rate = self.param_groups[0]["lr"]
        for stack, momentum in self._stacks:
            gradients = torch.stack([_wide(matrix.grad) for matrix in stack])
            momentum.lerp_(gradients, 1 - MOMENTUM)
            # Nesterov's momentum.
            self._move(stack, orthogonal(gradients.lerp(momentum, MOMENTUM)), rate)

    def _move(self, stack: Sequence[Any], directions: Any, rate: float) -> None:
        for matrix, direction in zip(stack, directions, strict=True):
            outputs, inputs = matrix.shape
            step = direction if outputs <= inputs else direction.T
            matrix.sub_(step, alpha=rate * max(1, outputs / inputs) ** 0.5)


def orthogonal(matrices: Any) -> Any:
    """Return (k, m, n) matrices, m ≤ n, with singular values of about 1, by a Newton–Schulz iteration.

    Rows are first scaled so that no singular value exceeds 1 and few are much smaller (Prach & Lampert, "Almost-
    orthogonal layers", 2022). The iteration runs on the (m, m) Gram matrix: its cost does not depend on n.
    """
    scaled = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp_min(torch.finfo(matrices.dtype).tiny)
    gram = scaled @ scaled.mT
    rows = gram.abs().sum(dim=2, keepdim=True).clamp_min(torch.finfo(matrices.dtype).eps ** 2).rsqrt()
    gram, factor, product = rows * gram * rows.mT, None, None
    for first, second, third in COEFFICIENTS:
        gram = gram if factor is None else factor @ gram @ factor
        factor = torch.baddbmm(gram, gram, gram, beta=second, alpha=third)
        factor.diagonal(dim1=1, dim2=2).add_(first)
        product = factor * rows.mT if product is None else factor @ product
    return product @ scaled


def _wide(matrix: Any) -> Any:
    return matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
