"""Training steps on a GPU: the first ones run as they are, then one is recorded and repeated for every full batch."""

from collections.abc import Callable
from typing import Any

from globscope.scoring.capture import CaptureError, capture, refuse_waiting

# Steps before one is recorded: optimisers allocate what they keep in the first, and libraries choose their kernels.
BEFORE = 3


class RecordedStep:
    """Takes a run's training steps, and repeats a recorded one where it can.

    A step of a small network keeps a GPU busy for less time than Python needs to start its kernels. Repeated, the same
    kernels run on the same tensors; batches, learning rates and draws are new each time.

    Attributes:
        failure: Why steps are not recorded; empty where they are, or were not tried yet.
    """

    def __init__(self, failure: str = "") -> None:
        """Begin with nothing recorded; with a failure nothing ever is."""
        self.failure = failure
        self._taken = 0
        self._batch: Any = None
        self._repeat: Callable[[], Any] | None = None

    def __call__(self, step: Callable[[Any], Any], batch: Any, device: str) -> Any:
        """Take a step on a batch and return its loss.

        Args:
            step: Computes gradients on a batch, moves the weights, and returns the loss.
            batch: On the device.
            device: Such as `cuda:0`.
        """
        if not self.failure and self._repeat is None and self._taken >= BEFORE:
            self._record(step, batch, device)
        if self._repeat is not None and _shapes(batch) == _shapes(self._batch):
            _copy(batch, self._batch)
            return self._repeat()
        return self._take(step, batch)

    def _take(self, step: Callable[[Any], Any], batch: Any) -> Any:
        """Take a step as it is; before one is recorded, see whether the host waits in it."""
        if self.failure or self._taken >= BEFORE:
            return step(batch)
        self._taken += 1
        loss = None
        try:
            with refuse_waiting():
                loss = step(batch)
        except CaptureError as error:
            self.failure = str(error)
        return loss

    def _record(self, step: Callable[[Any], Any], batch: Any, device: str) -> None:
        from torch.utils._pytree import tree_map

        self._batch = tree_map(lambda leaf: leaf.clone() if hasattr(leaf, "clone") else leaf, batch)
        try:
            self._repeat = capture(lambda: step(self._batch), device, warm_up=0)
        except CaptureError as error:
            self.failure = str(error)


def _shapes(batch: Any) -> list[Any]:
    from torch.utils._pytree import tree_leaves

    return [(leaf.shape, leaf.dtype) if hasattr(leaf, "shape") else leaf for leaf in tree_leaves(batch)]


def _copy(batch: Any, into: Any) -> None:
    from torch.utils._pytree import tree_leaves

    for leaf, place in zip(tree_leaves(batch), tree_leaves(into), strict=True):
        if hasattr(leaf, "copy_"):
            place.copy_(leaf)
