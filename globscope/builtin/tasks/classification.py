"""Classification: named models and data, or the user's own."""

from collections.abc import Collection, Mapping
from math import log
from pathlib import Path
from typing import Any, Literal

from attrs import define, evolve, field
from attrs.validators import and_, deep_iterable, ge, gt, lt, optional

from globscope.api import EXAMPLES, UNITS, Code, Probe
from globscope.builtin.tasks.data import Arrays, is_vision, load_named, load_user_data, load_vision, remedy
from globscope.builtin.tasks.likelihood import Categorical
from globscope.builtin.tasks.metrics import Metric
from globscope.builtin.tasks.models import aliases, builder, perceptron
from globscope.builtin.tasks.pixels import Normalise
from globscope.builtin.tasks.probe import supervised_probe
from globscope.builtin.tasks.recognise import recognise


@define(frozen=True, kw_only=True)
class Classification:
    """Classify examples; the loss is the mean cross-entropy unless another is given.

    Attributes:
        model: The name of a built-in model; `timm:NAME` or `torchvision:NAME` for a model of these libraries, with
            fresh weights; or your own `file.py:name` that returns a torch module with fresh weights.
        hidden: Widths of the `mlp`'s hidden layers (ReLU between).
        model_options: Keyword arguments for your model, or a named one's options: `resnet…` takes
            `shortcut` ("A" or "B"), `residual`, `batch_norm` and `width`; `cnn` takes `width`; `vit`
            takes `patch`, `dim`, `depth` and `heads`.
        data: `digits` (1,797 8×8 images from scikit-learn as 64 values in [0, 1]; `digits-images` as
            images), a named set or `files` of your own at `path`, `torchvision:NAME` for one of its
            datasets where it is installed, or `file.py:name` that returns x_train, y_train, x_test,
            y_test, or two torch datasets.
        path: Path of the data: an .npz, idx files, CIFAR's binary files, an image folder or zip; for a torchvision
            dataset, its `root`.
        data_options: Keyword arguments for your data, or for torchvision's dataset.
        normalise: `unit` scales bytes to [0, 1]; `channel` then standardises each channel by its mean and deviation
            over the training split; [[means], [deviations]] standardises by your own numbers.
        augment: How training images are changed at random: `crop-flip` moves images by up to 4 pixels and mirrors half
            of them.
        loss: `cross-entropy`, or your own `file.py:name`, a function of (outputs, targets) that returns a mean.
        metrics: Further measures: `"file.py:name"` is called with (outputs, targets) of each batch and returns their
            mean over the batch's examples or a pair (sum, weight); `{ use = "file.py:name", name = "…", whole = true }`
            is called once with all outputs of a split. Their fields are `train_<name>` and `test_<name>`.
        train_examples: Number of examples of the training split to use, drawn once with `split_seed`; all if unset.
        test_share: Share of the digits held back as test split, stratified by class.
        split_seed: Seed of the draw of the digits that are held back.
    """

    model: Literal["mlp", "resnet20", "resnet32", "resnet56", "cnn", "vit", "vit-10m"] | Code = "mlp"
    hidden: tuple[int, ...] = field(default=(256, 128), validator=deep_iterable(and_(ge(1), UNITS)))
    model_options: dict[str, Any] = field(factory=dict)
    data: Literal["digits", "digits-images", "mnist", "cifar10", "cifar100", "files"] | Code = "digits"
    path: Path | None = field(default=None, metadata={"remedy": remedy})
    data_options: dict[str, Any] = field(factory=dict)
    normalise: Normalise = "unit"
    augment: Literal["none", "crop-flip"] = "none"
    loss: Literal["cross-entropy"] | Code = "cross-entropy"
    metrics: tuple[Code | Metric, ...] = field(default=(), metadata={"scores_only": True})
    train_examples: int | None = field(default=None, validator=optional(and_(ge(1), EXAMPLES)))
    test_share: float = field(default=0.2, validator=[gt(0), lt(1)])
    split_seed: int = field(default=0, validator=ge(0))

    @classmethod
    def quick_examples(cls) -> "tuple[Classification, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(hidden=(8,)),)

    @classmethod
    def recognise(cls, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
        """Return the options of a named model with tensors of these names and shapes; None where there is none."""
        return recognise(shapes)

    def for_tensors(self, names: Collection[str]) -> "Classification":
        """Return the task whose model has tensors of these names: a ResNet's shortcut shows in them."""
        if not str(self.model).startswith("resnet") or "shortcut" in self.model_options:
            return self
        kind = "B" if any("shortcut." in name or "downsample." in name for name in names) else "A"
        return evolve(self, model_options=self.model_options | {"shortcut": kind})

    def build(self, device: str) -> Probe:
        """Return the task on a device; the data is moved there once.

        Raises:
            UserCodeError: The model, data or loss is missing, fails, or is something else.
        """
        from torch.nn.functional import cross_entropy

        arrays = self._arrays()
        if self.train_examples is not None:
            arrays = arrays.fewer(self.train_examples, self.split_seed)
        return supervised_probe(
            self,
            device,
            arrays,
            network=lambda: self._network(arrays),
            loss=cross_entropy,
            likelihood=Categorical(),
            normalise=self.normalise,
            augment=self.augment == "crop-flip",
            aliases=aliases(str(self.model)),
            chance=log(arrays.classes) if self.loss == "cross-entropy" else None,
            # Users' modules may branch on values, which vmap cannot follow.
            vmappable=self.model == "mlp" and self.loss == "cross-entropy",
        )

    def _arrays(self) -> Arrays:
        if isinstance(self.data, Code) and is_vision(self.data):
            return load_vision(self.data, self.path, self.data_options)
        if isinstance(self.data, Code):
            return load_user_data(self.data, self.data_options)
        return load_named(self.data, self.path, self.test_share, self.split_seed)

    def _network(self, arrays: Arrays) -> Any:
        if self.model == "mlp":
            return perceptron(self.hidden, self.model_options)(arrays.shape, arrays.classes)
        return builder(self.model, self.model_options)(arrays.shape, arrays.classes)
