"""Classification: scikit-learn's digits with an MLP, or the user's own model, data and loss."""

from typing import Any, Literal

from attrs import define, field
from attrs.validators import deep_iterable, ge, gt, lt

from globscope.api import Code, Probe
from globscope.builtin.tasks.data import Arrays, digits, supplied
from globscope.builtin.tasks.models import mlp
from globscope.builtin.tasks.supervised import Supervised


@define(frozen=True, kw_only=True)
class Classification:
    """Classify examples; the loss is the mean cross-entropy unless another is given.

    Attributes:
        model: `mlp`, or your own `file.py:name` that returns a torch module with fresh weights.
        hidden: Widths of the `mlp`'s hidden layers (ReLU between).
        model_options: Keyword arguments for your model.
        data: `digits` (1,797 8×8 images, values in [0, 1], from scikit-learn), or your own
            `file.py:name` that returns x_train, y_train, x_test, y_test.
        data_options: Keyword arguments for your data.
        loss: `cross-entropy`, or your own `file.py:name` of (outputs, targets) to a mean.
        test_share: Of the digits held back as test split, stratified by class.
        split_seed: Which digits are held back.
    """

    model: Literal["mlp"] | Code = "mlp"
    hidden: tuple[int, ...] = field(default=(256, 128), validator=deep_iterable(ge(1)))
    model_options: dict[str, Any] = field(factory=dict)
    data: Literal["digits"] | Code = "digits"
    data_options: dict[str, Any] = field(factory=dict)
    loss: Literal["cross-entropy"] | Code = "cross-entropy"
    test_share: float = field(default=0.2, validator=[gt(0), lt(1)])
    split_seed: int = field(default=0, validator=ge(0))

    def build(self, device: str) -> Probe:
        """Return the task on a device; the data is moved there once.

        Raises:
            UserCodeError: Your model, data or loss is missing, fails, or returns something else.
        """
        arrays = self._arrays()
        return Supervised(
            make=lambda: self._module(arrays),
            arrays=arrays,
            loss=self._loss(),
            device=device,
            # Strangers' modules may branch on values, which vmap cannot follow.
            vmappable=self.model == "mlp" and self.loss == "cross-entropy",
        )

    def _arrays(self) -> Arrays:
        if isinstance(self.data, Code):
            return supplied(self.data, self.data_options)
        return digits(self.test_share, self.split_seed)

    def _module(self, arrays: Arrays) -> Any:
        if isinstance(self.model, Code):
            return self.model.call(**self.model_options)
        return mlp(arrays.inputs, self.hidden, arrays.classes)

    def _loss(self) -> Any:
        import torch

        return torch.nn.functional.cross_entropy if self.loss == "cross-entropy" else self.loss.load()
