"""Distributions whose −log is a built-in loss, by their Fisher information."""

from typing import Any, Protocol

from attrs import define

from globscope.api import IGNORED, categorical_fisher


class Likelihood(Protocol):
    """The distribution of each predicted class or number, independent of the others."""

    def fisher(self, outputs: Any, targets: Any, vectors: Any) -> Any:
        """Return the mean over predictions of the Fisher information by the outputs, times vectors of their shape."""
        ...


@define(frozen=True, kw_only=True)
class Categorical:
    """A class for each prediction, whose cross-entropy is the loss.

    Attributes:
        axis: Axis of the outputs along which the classes' logits lie.
    """

    axis: int = 1

    def fisher(self, outputs: Any, targets: Any, vectors: Any) -> Any:
        """Return the mean of (diag p − p pᵀ) v."""
        del targets
        predictions = outputs.numel() // outputs.shape[self.axis]
        return categorical_fisher(outputs, vectors, self.axis) / predictions


@define(frozen=True, kw_only=True)
class CountedPixels:
    """A class for each pixel that counts, whose cross-entropy is averaged over an image, and then over images."""

    def fisher(self, outputs: Any, targets: Any, vectors: Any) -> Any:
        """Return the mean of (diag p − p pᵀ) v, which is 0 where a pixel does not count."""
        counts = (targets != IGNORED)[:, None]
        pixels = counts.sum((1, 2, 3), keepdim=True) * len(outputs)
        return categorical_fisher(outputs, vectors, 1) * counts / pixels


@define(frozen=True, kw_only=True)
class Shifted:
    """A number for each output, which is the output plus noise: the Fisher information is the same everywhere.

    Attributes:
        information: Fisher information of one number: 2 for Gaussian noise of variance ½ (squared error), 1 for Laplace
            noise of scale 1 (absolute error).
    """

    information: float

    def fisher(self, outputs: Any, targets: Any, vectors: Any) -> Any:
        """Return the mean of the information times v."""
        del targets
        return vectors * (self.information / outputs.numel())
