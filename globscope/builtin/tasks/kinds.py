"""What a supervised model returns, and what is counted as correct."""

from typing import Any

from attrs import define

from globscope.api import Description


@define(frozen=True, kw_only=True)
class Kind:
    """A kind of outputs.

    Attributes:
        shape: In words.
        axes: Of the outputs.
        choices: Axis over which the largest output is the answer; None where there is no right or wrong.
    """

    shape: str
    axes: int
    choices: int | None = None

    @property
    def measures(self) -> tuple[str, ...]:
        """What is measured on every split."""
        return ("loss",) if self.choices is None else ("loss", "accuracy")

    @property
    def roots(self) -> tuple[str, ...]:
        """The measures that are the square root of a mean."""
        return ()

    @property
    def descriptions(self) -> dict[str, Description]:
        """How people read measures whose names do not say it."""
        return {}

    def fits(self, outputs: Any, targets: Any) -> bool:
        """Return whether outputs are of this kind, and targets those that it counts by."""
        if outputs is None or outputs.ndim != self.axes:
            return False
        return self.choices is None or targets.shape == outputs.select(self.choices, 0).shape

    def counted(self, outputs: Any, targets: Any) -> dict[str, tuple[Any, float]]:
        """Return the number of right answers out of all, where there are such."""
        if self.choices is None:
            return {}
        return {"accuracy": ((outputs.argmax(dim=self.choices) == targets).sum(), float(targets.numel()))}

    def said(self, outputs: Any) -> Any:
        """Return the outputs with the axis of choices, where there is one, as the last."""
        return outputs if self.choices is None else outputs.movedim(self.choices, -1)


@define(frozen=True, kw_only=True)
class Anything(Kind):
    """Outputs that only the user's own loss understands."""

    def fits(self, outputs: Any, targets: Any) -> bool:
        """Return true: whatever it is."""
        del outputs, targets
        return True

    def said(self, outputs: Any) -> Any:
        """Return the outputs; one number an example is its only value."""
        return outputs[:, None] if outputs.ndim == 1 else outputs


@define(frozen=True, kw_only=True)
class Dense(Kind):
    """A class for each pixel."""

    @property
    def measures(self) -> tuple[str, ...]:
        """What is measured on every split."""
        return ("loss", "accuracy", "iou")

    def counted(self, outputs: Any, targets: Any) -> dict[str, tuple[Any, float]]:
        """Return the number of right pixels, and the images' summed IoU."""
        return {**Kind.counted(self, outputs, targets), "iou": (self._overlap(outputs, targets), float(len(targets)))}

    def _overlap(self, outputs: Any, targets: Any) -> Any:
        """Return intersection over union, a mean over the classes that an image has or is said to have, summed.

        An image's own, so that it adds up over batches; over all images it would be a ratio of sums.
        """
        from torch.nn.functional import one_hot

        classes = outputs.shape[self.choices]
        said, true = (one_hot(x, classes).flatten(1, -2) for x in (outputs.argmax(dim=self.choices), targets))
        both, either = (said * true).sum(1), (said + true).clamp(max=1).sum(1)
        return ((both / either.clamp(min=1)).sum(1) / (either > 0).sum(1)).sum()


@define(frozen=True, kw_only=True)
class Solution(Kind):
    """Values of a function of place and time, with the exact one first among the targets."""

    @property
    def measures(self) -> tuple[str, ...]:
        """What is measured on every split."""
        return ("loss", "error")

    @property
    def roots(self) -> tuple[str, ...]:
        """The relative L2 error."""
        return ("error",)

    @property
    def descriptions(self) -> dict[str, Description]:
        """The relative L2 error."""
        return {"error": Description(name="relative L2 error")}

    def counted(self, outputs: Any, targets: Any) -> dict[str, tuple[Any, float]]:
        """Return the squared distance from the exact solution, over that solution's square."""
        exact = targets[:, 0]
        return {"error": (((outputs[:, 0] - exact) ** 2).sum(), float((exact**2).sum()))}


CLASSES = Kind(shape="(examples, classes)", axes=2, choices=1)
VALUES = Kind(shape="(examples, values)", axes=2)
TOKENS = Kind(shape="(examples, places, tokens)", axes=3, choices=2)
PIXELS = Dense(shape="(examples, classes, height, width)", axes=4, choices=1)
FUNCTION = Solution(shape="(examples, values)", axes=2)
ANYTHING = Anything(shape="any", axes=0)
