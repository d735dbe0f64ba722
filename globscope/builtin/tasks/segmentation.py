"""Segmentation: a small U-Net on generated shapes, or the user's own model and images."""

from math import log
from pathlib import Path
from typing import Any, Literal

import numpy as np
from attrs import define, evolve, field
from attrs.validators import and_, ge

from globscope.api import AXES, LAYERS, Code, Probe, UserCodeError
from globscope.builtin.tasks.data import Arrays, load_named, load_shapes, load_user_data
from globscope.builtin.tasks.likelihood import Categorical
from globscope.builtin.tasks.measures import PIXELS
from globscope.builtin.tasks.metrics import Metric
from globscope.builtin.tasks.models import builder
from globscope.builtin.tasks.network import require_mappable
from globscope.builtin.tasks.pixels import Normalise
from globscope.builtin.tasks.probe import supervised_probe


@define(frozen=True, kw_only=True)
class Segmentation:
    """Tell the class of every pixel; the loss is the mean cross-entropy per pixel unless another is given.

    `accuracy` is the share of right pixels. `iou` is intersection over union: for each image the mean over the classes
    that are present or predicted, averaged over images.

    Attributes:
        model: `unet`; `torchvision:NAME` for one of torchvision's segmentation models with fresh weights; or your own
            `file.py:name` that returns a torch module from (examples, channels, height, width) to (examples, classes,
            height, width).
        model_options: Keyword arguments for your model; the U-Net takes `widths`, its channels by resolution
            ([8, 16, 32]), and `norm`, which is "batch", "group" or "none".
        crf: Whether a mean field (CRF-as-RNN; Zheng et al., 2015) refines the model's logits; its two kernels' weights
            and the compatibility of the classes are trained with the model.
        crf_iterations: Number of mean-field steps.
        crf_radius: Reach of the mean field's kernels, in pixels to each side; memory grows with its square.
        data: `shapes` (gray 32×32 images of two ellipses and two rectangles in noise, three classes, generated),
            `files` of your own at `path`, or `file.py:name` that returns x_train, y_train, x_test, y_test, images
            and integer classes of their pixels, or two torch datasets.
        path: Path of an .npz file with those four arrays.
        data_options: Keyword arguments for your data; the shapes take `train` (256) and `test` (64) images, `size`
            (32 pixels), `noise` (its deviation, 0.3; shapes differ from the background by 0.3 to 0.5) and `seed`.
        normalise: `unit` scales bytes to [0, 1]; `channel` then standardises each channel by its mean and deviation
            over the training split; [[means], [deviations]] standardises by your own numbers.
        loss: `cross-entropy`, or your own `file.py:name`, a function of (outputs, targets) that returns a mean.
        metrics: Further measures: `"file.py:name"` is called with (outputs, targets) of each batch and returns their
            mean over the batch's examples or a pair (sum, weight); `{ use = "file.py:name", name = "…", whole = true }`
            is called once with all outputs of a split. Their fields are `train_<name>` and `test_<name>`.
    """

    model: Literal["unet"] | Code = "unet"
    model_options: dict[str, Any] = field(factory=dict)
    crf: bool = False
    crf_iterations: int = field(default=5, validator=and_(ge(1), LAYERS))
    crf_radius: int = field(default=2, validator=and_(ge(1), AXES))
    data: Literal["shapes", "files"] | Code = "shapes"
    path: Path | None = None
    data_options: dict[str, Any] = field(factory=dict)
    normalise: Normalise = "channel"
    loss: Literal["cross-entropy"] | Code = "cross-entropy"
    metrics: tuple[Code | Metric, ...] = field(default=(), metadata={"scores_only": True})

    def build(self, device: str) -> Probe:
        """Return the task on a device; the data is moved there once.

        Raises:
            UserCodeError: The model or data is missing, fails, or is something else.
        """
        from torch.nn.functional import cross_entropy

        arrays = _with_pixel_classes(self._arrays())
        return supervised_probe(
            self,
            device,
            arrays,
            network=lambda: builder(self.model, self.model_options)(arrays.shape, arrays.classes),
            wrap=lambda network: self._refine(network, arrays.classes),
            loss=cross_entropy,
            likelihood=Categorical(),
            normalise=self.normalise,
            kind=PIXELS,
            chance=log(arrays.classes) if self.loss == "cross-entropy" else None,
            vmappable=False,
        )

    def _arrays(self) -> Arrays:
        if isinstance(self.data, Code):
            return load_user_data(self.data, self.data_options)
        return load_shapes(self.data_options) if self.data == "shapes" else load_named("files", self.path, 0, 0)

    def _refine(self, network: Any, classes: int) -> Any:
        from globscope.builtin.tasks.models.mean_field import MeanField, RefinedNetwork

        net = require_mappable(network)
        return RefinedNetwork(net, MeanField(classes, self.crf_iterations, self.crf_radius)) if self.crf else net


def _with_pixel_classes(arrays: Arrays) -> Arrays:
    """Return the arrays with targets of shape (examples, height, width).

    Raises:
        UserCodeError: The inputs are not images, or the targets are not classes of their pixels.
    """
    train, test = (_pair(split, *pair) for split, pair in (("train", arrays.train), ("test", arrays.test)))
    return evolve(arrays, train=train, test=test)


def _pair(split: str, x: Any, y: Any) -> tuple[Any, Any]:
    shape = tuple(y.shape[:1]) + tuple(y.shape[2:]) if y.ndim == 4 and y.shape[1] == 1 else tuple(y.shape)
    if x.ndim != 4 or shape != (len(x), *x.shape[2:]):
        raise UserCodeError(
            f"task.data: the {split} split needs images (examples, channels, height, width) and classes (examples, "
            f"height, width), got {tuple(x.shape)} and {tuple(y.shape)}"
        )
    classes = np.asarray(y).reshape(shape)
    if not np.issubdtype(classes.dtype, np.integer) or classes.min() < 0:
        raise UserCodeError(f"task.data: the classes of the {split} split's pixels must be integers from 0")
    return x, classes.astype(np.int64)
