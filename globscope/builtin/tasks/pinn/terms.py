"""The terms of a physics-informed network's loss, each a measure beside the loss and the error."""

from typing import Any

from attrs import define

from globscope.api import Description
from globscope.builtin.tasks.measures import OutputKind

TERMS = ("residual_loss", "initial_loss", "boundary_loss")


def loss_terms(outputs: Any, targets: Any) -> dict[str, Any]:
    """Return a batch's mean squared residual, error at t = 0 and mismatch at the boundary, without their weights.

    Args:
        outputs: (points, 3) u, residual and mismatch.
        targets: (points, 4) as `Points.arrays` has them.
    """
    exact, initial, boundary, inside = targets.unbind(1)
    u, residual, mismatch = outputs.unbind(1)
    squares = (inside * residual**2, initial * (u - exact) ** 2, boundary * mismatch**2)
    return {name: square.mean() for name, square in zip(TERMS, squares, strict=True)}


@define(frozen=True, kw_only=True)
class Solution(OutputKind):
    """Values of a function of place and time, with what an equation asks of it."""

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures on every split."""
        return ("loss", "error", *TERMS)

    @property
    def roots(self) -> tuple[str, ...]:
        """The relative L2 error."""
        return ("error",)

    @property
    def descriptions(self) -> dict[str, Description]:
        """The relative L2 error."""
        return {"error": Description(name="relative L2 error")}

    def score_answers(self, outputs: Any, targets: Any) -> dict[str, tuple[Any, float]]:
        """Return the squared distance from the exact solution, over that solution's square, and the summed terms."""
        exact, count = targets[:, 0], float(len(targets))
        terms = {name: (mean * count, count) for name, mean in loss_terms(outputs, targets).items()}
        return {"error": (((outputs[:, 0] - exact) ** 2).sum(), float((exact**2).sum())), **terms}


FUNCTION = Solution(shape="(examples, values)", axes=2)
