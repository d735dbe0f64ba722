"""Regression: an MLP on scikit-learn's diabetes data, or the user's own model and data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from attrs import define, evolve, field
from attrs.validators import and_, deep_iterable, ge, gt, lt

from globscope.api import UNITS, Code, Probe
from globscope.builtin.tasks.data import Arrays, load_named, load_user_data
from globscope.builtin.tasks.data.embedded import diabetes
from globscope.builtin.tasks.likelihood import Shifted
from globscope.builtin.tasks.measures import VALUES
from globscope.builtin.tasks.metrics import Metric
from globscope.builtin.tasks.models import builder, perceptron
from globscope.builtin.tasks.pixels import Normalise
from globscope.builtin.tasks.probe import supervised_probe


@define(frozen=True, kw_only=True)
class Regression:
    """Predict numbers; the loss is the mean squared error unless another is given.

    Attributes:
        model: `mlp`; `timm:NAME` or `torchvision:NAME` for an image model of these libraries; or your own
            `file.py:name` that returns a torch module with fresh weights.
        hidden: Widths of the `mlp`'s hidden layers (ReLU between).
        model_options: Keyword arguments for your model.
        data: `diabetes` (442 patients, ten values each, from scikit-learn; the target is standardised), `files` of your
            own at `path`, or `file.py:name` that returns x_train, y_train, x_test, y_test, or two torch datasets.
        path: Path of an .npz file with those four arrays.
        data_options: Keyword arguments for your data.
        normalise: `unit` scales bytes to [0, 1]; `channel` standardises each input by its mean and deviation over the
            training split; [[means], [deviations]] standardises by your own numbers.
        loss: `mse`, `l1` (mean absolute error), or your own `file.py:name`, a function of (outputs, targets) that
            returns a mean.
        metrics: Further measures: `"file.py:name"` is called with (outputs, targets) of each batch and returns their
            mean over the batch's examples or a pair (sum, weight); `{ use = "file.py:name", name = "…", whole = true }`
            is called once with all outputs of a split. Their fields are `train_<name>` and `test_<name>`.
        test_share: Share of the diabetes data held back as test split.
        split_seed: Seed of the draw of the patients that are held back.
    """

    model: Literal["mlp"] | Code = "mlp"
    hidden: tuple[int, ...] = field(default=(64, 64), validator=deep_iterable(and_(ge(1), UNITS)))
    model_options: dict[str, Any] = field(factory=dict)
    data: Literal["diabetes", "files"] | Code = "diabetes"
    path: Path | None = None
    data_options: dict[str, Any] = field(factory=dict)
    normalise: Normalise = "channel"
    loss: Literal["mse", "l1"] | Code = "mse"
    metrics: tuple[Code | Metric, ...] = field(default=(), metadata={"scores_only": True})
    test_share: float = field(default=0.2, validator=[gt(0), lt(1)])
    split_seed: int = field(default=0, validator=ge(0))

    @classmethod
    def quick_examples(cls) -> "tuple[Regression, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(hidden=(8,)),)

    def build(self, device: str) -> Probe:
        """Return the task on a device; the data is moved there once.

        Raises:
            UserCodeError: The model, data or loss is missing, fails, or is something else.
        """
        from torch.nn.functional import l1_loss, mse_loss

        arrays = _columns(self._arrays())
        return supervised_probe(
            self,
            device,
            arrays,
            network=lambda: self._builder()(arrays.shape, arrays.train[1].shape[1]),
            loss=l1_loss if self.loss == "l1" else mse_loss,
            likelihood=Shifted(information=1 if self.loss == "l1" else 2),
            normalise=self.normalise,
            kind=VALUES,
            vmappable=self.model == "mlp" and isinstance(self.loss, str),
        )

    def _builder(self) -> Callable[..., Any]:
        is_mlp = self.model == "mlp"
        return perceptron(self.hidden, self.model_options) if is_mlp else builder(self.model, self.model_options)

    def _arrays(self) -> Arrays:
        if isinstance(self.data, Code):
            return load_user_data(self.data, self.data_options)
        if self.data == "diabetes":
            return diabetes(self.test_share, self.split_seed)
        return load_named("files", self.path, self.test_share, self.split_seed)


def _columns(arrays: Arrays) -> Arrays:
    """Return the arrays with float targets of shape (examples, values)."""
    (x_train, y_train), (x_test, y_test) = arrays.train, arrays.test
    targets = (_real(y).reshape(len(y), -1) for y in (y_train, y_test))
    train, test = zip((x_train, x_test), targets, strict=True)
    return evolve(arrays, train=train, test=test)


def _real(values: Any) -> Any:
    """Return floating-point numbers; float64 stays unchanged, since a model may compute in it."""
    array = np.asarray(values)
    return array if array.dtype == np.float64 else array.astype(np.float32)
