"""What a supervised model returns, and what is counted as correct."""

from typing import Any

from attrs import define


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

    def counted(self, outputs: Any, targets: Any) -> dict[str, tuple[Any, float]]:
        """Return the number of right answers out of all, where there are such."""
        if self.choices is None:
            return {}
        return {"accuracy": ((outputs.argmax(dim=self.choices) == targets).sum(), float(targets.numel()))}


CLASSES = Kind(shape="(examples, classes)", axes=2, choices=1)
VALUES = Kind(shape="(examples, values)", axes=2)
TOKENS = Kind(shape="(examples, places, tokens)", axes=3, choices=2)
