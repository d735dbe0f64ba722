"""Next-token language modelling: a small transformer on a text of the user's, or the user's own."""

from math import log
from pathlib import Path
from typing import Any, Literal

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge, gt, lt

from globscope.api import UNITS, Code, Probe, UserCodeError
from globscope.builtin.tasks.data import Arrays, load_user_data
from globscope.builtin.tasks.likelihood import Categorical
from globscope.builtin.tasks.measures import TOKENS
from globscope.builtin.tasks.metrics import Metric
from globscope.builtin.tasks.models import builder
from globscope.builtin.tasks.probe import supervised_probe

BYTES = 256


@define(frozen=True, kw_only=True)
class LanguageModelling:
    """Predict the next token; the loss is the mean cross-entropy per token, in nats, unless another is given.

    Attributes:
        model: `transformer` (causal, pre-normalised), or your own `file.py:name` that returns a torch module
            from (examples, places) tokens to (examples, places, vocabulary).
        model_options: Keyword arguments for your model; the transformer takes `dim`, `depth` and `heads`.
        data: `text`, a file at `path` whose bytes are the tokens, or `file.py:name` that returns integer arrays
            x_train, y_train, x_test, y_test of shape (examples, places), where y is x shifted by one place.
        path: Path of the text file.
        data_options: Keyword arguments for your data.
        loss: `cross-entropy`, or your own `file.py:name`, a function of (outputs, targets) that returns a mean.
        metrics: Further measures: `"file.py:name"` is called with (outputs, targets) of each batch and returns their
            mean over the batch's examples or a pair (sum, weight); `{ use = "file.py:name", name = "…", whole = true }`
            is called once with all outputs of a split. Their fields are `train_<name>` and `test_<name>`.
        context: Number of tokens in an example.
        test_share: Share of the text, taken from its end, held back as test split.
    """

    model: Literal["transformer"] | Code = "transformer"
    model_options: dict[str, Any] = field(factory=dict)
    data: Literal["text"] | Code = "text"
    path: Path | None = None
    data_options: dict[str, Any] = field(factory=dict)
    loss: Literal["cross-entropy"] | Code = "cross-entropy"
    metrics: tuple[Code | Metric, ...] = field(default=(), metadata={"scores_only": True})
    context: int = field(default=64, validator=and_(ge(2), UNITS))
    test_share: float = field(default=0.1, validator=[gt(0), lt(1)])

    @classmethod
    def quick_examples(cls) -> "tuple[LanguageModelling, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(path=Path(__file__), context=16, model_options={"dim": 8, "depth": 1, "heads": 1}),)

    def build(self, device: str) -> Probe:
        """Return the task on a device; the data is moved there once.

        Raises:
            UserCodeError: The model or data is missing, fails, or is something else.
        """
        arrays = self._arrays()
        vocabulary = BYTES if self.data == "text" else arrays.classes
        return supervised_probe(
            self,
            device,
            arrays,
            network=lambda: builder(self.model, self.model_options)(arrays.shape, vocabulary),
            loss=_next_token,
            likelihood=Categorical(axis=2),
            kind=TOKENS,
            chance=log(vocabulary) if self.loss == "cross-entropy" else None,
            vmappable=False,
        )

    def _arrays(self) -> Arrays:
        if isinstance(self.data, Code):
            return load_user_data(self.data, self.data_options)
        if self.path is None or not self.path.is_file():
            raise UserCodeError("task.path: data = 'text' is read from a file of yours, whose bytes are the tokens")
        return _cut(self.path, self.context, self.test_share)


def _next_token(outputs: Any, targets: Any) -> Any:
    from torch.nn.functional import cross_entropy

    return cross_entropy(outputs.transpose(1, 2), targets)


def _cut(path: Path, context: int, test_share: float) -> Arrays:
    """Return a text as consecutive examples of `context` bytes, with the bytes one place ahead as targets."""
    tokens = np.frombuffer(path.read_bytes(), np.uint8).astype(np.int64)
    count = (len(tokens) - 1) // context
    held = max(1, round(count * test_share))
    if count - held < 1:
        raise UserCodeError(
            f"task.path: {path} has {len(tokens):,} bytes, too few for two examples of task.context = {context}"
        )
    x, y = (tokens[start : start + count * context].reshape(count, context) for start in (0, 1))
    return Arrays(train=(x[:-held], y[:-held]), test=(x[-held:], y[-held:]))
