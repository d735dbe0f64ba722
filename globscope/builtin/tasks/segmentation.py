"""Segmentation: a small U-Net on generated shapes or photos of pets, or the user's own model and images."""

from math import log
from pathlib import Path
from typing import Any, Literal

from attrs import define, field
from attrs.validators import and_, ge, optional

from globscope.api import ADDED, AXES, LAYERS, Code, Probe
from globscope.builtin.tasks.data import (
    TRIMAP,
    Arrays,
    as_masks,
    classes_of_numbers,
    classes_of_values,
    is_vision,
    load_named,
    load_pets,
    load_shapes,
    load_user_data,
    load_vision_masks,
    remedy,
)
from globscope.builtin.tasks.likelihood import Categorical, CountedPixels
from globscope.builtin.tasks.measures import PixelClasses
from globscope.builtin.tasks.metrics import Metric
from globscope.builtin.tasks.models import builder
from globscope.builtin.tasks.network import require_mappable
from globscope.builtin.tasks.pixels import Normalise, mean_of_images
from globscope.builtin.tasks.probe import supervised_probe

# What of the mean field is trained, by the option `crf`.
TRAINED: dict[bool | str, Literal["weights", "all", "none"]] = {True: "weights", "learnable": "all", "fixed": "none"}


@define(frozen=True, kw_only=True)
class Segmentation:
    """Tell the class of every pixel; the loss is the mean cross-entropy per pixel unless another is given.

    `accuracy` is the share of right pixels. `iou` is intersection over union: for each image the mean over the classes
    that are present or predicted, averaged over images. With `class_iou` each class has its own, over all pixels of a
    split at once.

    Attributes:
        model: `unet`; `torchvision:NAME` for one of torchvision's segmentation models with fresh weights; or your own
            `file.py:name` that returns a torch module from (examples, channels, height, width) to (examples, classes,
            height, width).
        model_options: Keyword arguments for your model; the U-Net takes `widths`, its channels by resolution
            ([8, 16, 32]), and `norm`, which is "batch", "group" or "none".
        crf: Whether a mean field (CRF-as-RNN; Zheng et al., 2015) refines the model's logits. With `true`, its two
            kernels' weights for each class and the compatibility of the classes are trained with the model, as in that
            paper; with `learnable`, the widths of the kernels too; with `fixed`, nothing: all weights are 1, and
            classes that differ are equally incompatible.
        crf_iterations: Number of mean-field steps.
        crf_radius: Reach of the mean field's kernels, in pixels to each side; memory grows with its square.
        data: `shapes` (gray 32×32 images of two ellipses and two rectangles in noise, three classes, generated),
            `pets` (the photos and trimaps of the Oxford-IIIT Pet data set at `path`), `files` of your own at `path`,
            `torchvision:NAME` for one of its datasets with masks where it is installed, or `file.py:name` that returns
            x_train, y_train, x_test, y_test, images and integer classes of their pixels, or two torch datasets.
        path: Path of an .npz file with those four arrays; for the pets, the folder with `images` and `annotations`, or
            the one into which torchvision put them; for a torchvision dataset, its `root`.
        data_options: Keyword arguments for your data; the shapes take `train` (256) and `test` (64) images, `size`
            (32 pixels), `noise` (its deviation, 0.3; shapes differ from the background by 0.3 to 0.5) and `seed`. The
            pets take `size` (128 pixels, or [height, width]), to which photos are resized bilinearly and trimaps to the
            nearest pixel, and `train` and `test`, numbers of photos evenly spaced over the splits' lists (all). A
            torchvision dataset takes `size`, and its own options.
        ignore: Value of the masks whose pixels are left out of the loss and of all measures, such as 3 for the pixels
            of the pets' trimaps that are not classified; without it, they are a class. The loss is then the mean over
            images of the mean over an image's pixels that count. A loss or a measure of your own gets targets of −100
            there, as torch's `ignore_index`.
        normalise: `unit` scales bytes to [0, 1]; `channel` then standardises each channel by its mean and deviation
            over the training split; [[means], [deviations]] standardises by your own numbers.
        class_iou: Whether the intersection over union of each class is measured too, as the fields `train_iou_<class>`
            and `test_iou_<class>`, in which a class is its number, or `foreground`, `background` and `undecided`. A
            class that is neither present nor predicted has none, which is NaN.
        loss: `cross-entropy`, or your own `file.py:name`, a function of (outputs, targets) that returns a mean.
        metrics: Further measures: `"file.py:name"` is called with (outputs, targets) of each batch and returns their
            mean over the batch's examples or a pair (sum, weight); `{ use = "file.py:name", name = "…", whole = true }`
            is called once with all outputs of a split. Their fields are `train_<name>` and `test_<name>`.
    """

    model: Literal["unet"] | Code = "unet"
    model_options: dict[str, Any] = field(factory=dict)
    crf: bool | Literal["fixed", "learnable"] = False
    crf_iterations: int = field(default=5, validator=and_(ge(1), LAYERS))
    crf_radius: int = field(default=2, validator=and_(ge(1), AXES))
    data: Literal["shapes", "pets", "files"] | Code = "shapes"
    path: Path | None = field(default=None, metadata={"remedy": remedy})
    data_options: dict[str, Any] = field(factory=dict)
    ignore: int | None = field(default=None, validator=optional(ge(0)), metadata=ADDED)
    class_iou: bool = field(default=False, metadata={**ADDED, "scores_only": True})
    normalise: Normalise = "channel"
    loss: Literal["cross-entropy"] | Code = "cross-entropy"
    metrics: tuple[Code | Metric, ...] = field(default=(), metadata={"scores_only": True})

    @classmethod
    def quick_examples(cls) -> "tuple[Segmentation, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(data_options={"train": 16, "test": 8, "size": 8}, model_options={"widths": [2, 3]}),
            cls(
                data_options={"train": 16, "test": 8, "size": 8},
                model_options={"widths": [2, 4], "norm": "group"},
                crf="learnable",
                ignore=2,
                class_iou=True,
            ),
        )

    def build(self, device: str) -> Probe:
        """Return the task on a device; the data is moved there once.

        Raises:
            UserCodeError: The model or data is missing, fails, or is something else.
        """
        from torch.nn.functional import cross_entropy

        arrays = self._arrays()
        return supervised_probe(
            self,
            device,
            arrays,
            network=lambda: builder(self.model, self.model_options)(arrays.shape, arrays.classes),
            wrap=lambda network: self._refine(network, arrays.classes),
            loss=cross_entropy if self.ignore is None else mean_of_images,
            likelihood=Categorical() if self.ignore is None else CountedPixels(),
            normalise=self.normalise,
            kind=PixelClasses.of(self._class_names(arrays.classes) if self.class_iou else ()),
            chance=log(arrays.classes) if self.loss == "cross-entropy" else None,
            vmappable=False,
        )

    def _arrays(self) -> Arrays:
        if self.data == "pets":
            return classes_of_values(as_masks(load_pets(self.path, self.data_options)), self.ignore, tuple(TRIMAP))
        if isinstance(self.data, Code) and is_vision(self.data):
            return classes_of_values(as_masks(load_vision_masks(self.data, self.path, self.data_options)), self.ignore)
        return classes_of_numbers(as_masks(self._own_arrays()), self.ignore)

    def _own_arrays(self) -> Arrays:
        if isinstance(self.data, Code):
            return load_user_data(self.data, self.data_options)
        return load_shapes(self.data_options) if self.data == "shapes" else load_named("files", self.path, 0, 0)

    def _class_names(self, classes: int) -> tuple[str, ...]:
        if self.data == "pets":
            return tuple(name for value, name in TRIMAP.items() if value != self.ignore)
        return tuple(map(str, range(classes)))

    def _refine(self, network: Any, classes: int) -> Any:
        from globscope.builtin.tasks.models.mean_field import MeanField, RefinedNetwork

        net = require_mappable(network)
        if not self.crf:
            return net
        crf = MeanField(classes, self.crf_iterations, self.crf_radius, trained=TRAINED[self.crf])
        return RefinedNetwork(net, crf)
