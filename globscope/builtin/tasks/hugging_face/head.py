"""How a model's own loss follows from its predictions and labels: what is averaged, and which predictions are right."""

from math import inf
from typing import Any

from attrs import define

from globscope.api import IGNORED, categorical_fisher
from globscope.builtin.tasks.criterion import answer
from globscope.builtin.tasks.hugging_face.arguments import loss_of

# Of a loss that is computed again, relative: float32 sums in another order differ by less.
SAME = 1e-4


@define(frozen=True, kw_only=True)
class Head:
    """A kind of predictions.

    Attributes:
        name: Of the share of right predictions, for people.
        axes: Number of axes of the labels.
        ahead: How many places ahead the label is that a prediction is of.
    """

    name: str
    axes: int
    ahead: int = 0

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures on every split."""
        return ("loss", "perplexity", "accuracy") if self.axes == 2 else ("loss", "accuracy")

    def targets(self, labels: Any) -> Any:
        """Return the labels that are predicted."""
        return labels[..., self.ahead :]

    def predictions(self, returned: Any) -> Any:
        """Return what predicts them: (…, classes) logits in at least float32."""
        logits = answer(returned)
        return logits[..., : logits.shape[-2] - self.ahead, :] if self.ahead else logits

    def count(self, labels: Any) -> Any:
        """Return how many labels a batch's loss averages over, a scalar tensor."""
        return (self.targets(labels) != IGNORED).sum()

    def right(self, returned: Any, labels: Any) -> Any:
        """Return how many of them are predicted."""
        return (self.predictions(returned).argmax(dim=-1) == self.targets(labels)).sum()

    def cross_entropy(self, returned: Any, labels: Any) -> Any:
        """Return the mean cross-entropy of these predictions and labels, a scalar tensor."""
        from torch.nn.functional import cross_entropy

        predicted, wanted = self.predictions(returned).flatten(0, -2), self.targets(labels).flatten()
        return cross_entropy(predicted, wanted, ignore_index=IGNORED)

    def fisher(self, logits: Any, labels: Any, vectors: Any) -> Any:
        """Return the Fisher information of the predictions that count, averaged over them, times vectors."""
        counted = (self.targets(labels) != IGNORED)[..., None] / self.count(labels)
        product = vectors.new_zeros(vectors.shape)
        self.predictions(product).copy_(
            counted * categorical_fisher(self.predictions(logits), self.predictions(vectors))
        )
        return product

    def error(self, returned: Any, labels: Any) -> float:
        """Return how far the model's loss is from the mean cross-entropy of these predictions and labels, relative."""
        logits, loss = answer(returned), loss_of(returned)
        if logits is None or labels.ndim != self.axes or labels.is_floating_point():
            return inf
        if tuple(logits.shape[:-1]) != tuple(labels.shape) or logits.shape[-1] < 2:
            return inf
        own = float(self.cross_entropy(returned, labels).detach())
        return abs(float(loss.detach()) - own) / own if own else inf


NEXT = Head(name="next-token accuracy", axes=2, ahead=1)
TOKENS = Head(name="token accuracy", axes=2)
CLASSES = Head(name="accuracy", axes=1)


@define(frozen=True, kw_only=True)
class OtherHead(Head):
    """Predictions whose loss is something else, such as a squared error: it is averaged over the examples."""

    @property
    def measures(self) -> tuple[str, ...]:
        """The loss alone."""
        return ("loss",)

    def count(self, labels: Any) -> Any:
        """Return how many examples there are, a scalar tensor."""
        return labels.new_tensor(len(labels))


OTHER = OtherHead(name="", axes=0)


def head_of(returned: Any, labels: Any) -> Head:
    """Return the kind of a model's predictions, found by computing the loss of a few examples again."""
    errors = {head: head.error(returned, labels) for head in (NEXT, TOKENS, CLASSES)}
    head = min(errors, key=lambda head: errors[head])
    return head if errors[head] <= SAME else OTHER
