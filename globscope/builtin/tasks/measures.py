"""What is measured of a supervised model's outputs, by their kind; every measure becomes a field of samples."""

from typing import Any

from attrs import define

from globscope.api import IGNORED, Description


@define(frozen=True, kw_only=True)
class OutputKind:
    """A kind of outputs.

    Attributes:
        shape: The outputs' shape in words.
        axes: The outputs' number of axes.
        choices: Axis over which the largest output is the predicted class; None where no classes are predicted.
    """

    shape: str
    axes: int
    choices: int | None = None

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures on every split."""
        return ("loss",) if self.choices is None else ("loss", "accuracy")

    @property
    def roots(self) -> tuple[str, ...]:
        """The measures that are the square root of a mean."""
        return ()

    @property
    def descriptions(self) -> dict[str, Description]:
        """Descriptions of measures whose names do not explain them."""
        return {}

    def fits(self, outputs: Any, targets: Any) -> bool:
        """Return whether outputs are of this kind, and targets fit to them."""
        if outputs is None or outputs.ndim != self.axes:
            return False
        return self.choices is None or targets.shape == outputs.select(self.choices, 0).shape

    def score_answers(self, outputs: Any, targets: Any) -> dict[str, tuple[Any, float]]:
        """Return the number of correct predictions and of all, where classes are predicted."""
        if self.choices is None:
            return {}
        return {"accuracy": ((outputs.argmax(dim=self.choices) == targets).sum(), float(targets.numel()))}

    def with_choices_last(self, outputs: Any) -> Any:
        """Return the outputs with the axis of classes, if there is one, as the last."""
        return outputs if self.choices is None else outputs.movedim(self.choices, -1)


@define(frozen=True, kw_only=True)
class AnyOutputs(OutputKind):
    """Outputs that only the user's own loss understands."""

    def fits(self, outputs: Any, targets: Any) -> bool:
        """Return true for all outputs."""
        del outputs, targets
        return True

    def with_choices_last(self, outputs: Any) -> Any:
        """Return the outputs; a single number for each example gets an axis of its own."""
        return outputs[:, None] if outputs.ndim == 1 else outputs


@define(frozen=True, kw_only=True)
class PixelClasses(OutputKind):
    """A class for each pixel; those of the class `IGNORED` do not count.

    Attributes:
        names: Names of the classes whose IoU is measured, in the order of the outputs; empty where it is not.
    """

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: tuple[str, ...] = ()) -> "PixelClasses":
        """Return the kind that measures the IoU of the classes with these names too."""
        return cls(shape="(examples, classes, height, width)", axes=4, choices=1, names=names)

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures on every split."""
        return ("loss", "accuracy", "iou", *(f"iou_{name}" for name in self.names))

    @property
    def descriptions(self) -> dict[str, Description]:
        """The IoU of each class."""
        return {
            f"iou_{name}": Description(name=f"IoU of {_of(name)}", unit="share", higher_is_better=True)
            for name in self.names
        }

    def score_answers(self, outputs: Any, targets: Any) -> dict[str, tuple[Any, Any]]:
        """Return the number of correct pixels, the sum of the images' IoU, and each named class's intersection.

        Their weights are the pixels that count, the images, and the class's union: over batches they add up to that of
        all images at once.
        """
        both, either = self._overlap(outputs, targets)
        images = ((both / either.clamp(min=1)).sum(1) / (either > 0).sum(1)).sum()
        correct = (outputs.argmax(dim=self.choices) == targets).sum()
        classes = zip(self.names, both.sum(0), either.sum(0), strict=False)
        return {
            "accuracy": (correct, (targets != IGNORED).sum()),
            "iou": (images, float(len(targets))),
            **{f"iou_{name}": (inside, union) for name, inside, union in classes},
        }

    def _overlap(self, outputs: Any, targets: Any) -> tuple[Any, Any]:
        """Return the pixels in intersection and union of what is predicted and true, (images, classes) each.

        The IoU is computed for each image, so that it adds up over batches, as the mean over the classes that are
        present or predicted.
        """
        from torch.nn.functional import one_hot

        classes, counts = outputs.shape[self.choices], (targets != IGNORED)[..., None]
        said = outputs.argmax(dim=self.choices)
        predicted, true = ((one_hot(x, classes) * counts).flatten(1, -2) for x in (said, targets.clamp(min=0)))
        return (predicted * true).sum(1), (predicted + true).clamp(max=1).sum(1)


def _of(name: str) -> str:
    """Return a class in words: its name, or its number."""
    return f"class {name}" if name.isdigit() else name


CLASSES = OutputKind(shape="(examples, classes)", axes=2, choices=1)
VALUES = OutputKind(shape="(examples, values)", axes=2)
TOKENS = OutputKind(shape="(examples, places, tokens)", axes=3, choices=2)
PIXELS = PixelClasses.of()
ANYTHING = AnyOutputs(shape="any", axes=0)
