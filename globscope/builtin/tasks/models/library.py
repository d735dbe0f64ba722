"""timm's and torchvision's models by name, with fresh weights: what a library would download is refused."""

import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any

from globscope.api import Code, UserCodeError, near
from globscope.builtin.tasks.models import image

MODELS = "torchvision.models"
# Options by which a library would load weights, here or from elsewhere.
_LOADING = ("weights", "weights_backbone", "pretrained", "pretrained_backbone", "checkpoint_path", "cache_dir")
WEIGHTS = frozenset((*_LOADING, "pretrained_cfg", "pretrained_cfg_overlay", "progress"))
# How many channels the images of torchvision's models have.
RGB = 3


def library_model(code: Code, options: Mapping[str, Any], shape: tuple[int, ...], outputs: int) -> Any:
    """Return a library's model with fresh weights, drawn from torch's generator.

    Args:
        code: The library and the model's name.
        options: Keyword arguments of the model; the numbers of outputs and channels may be among them.
        shape: (channels, height, width) of the images.
        outputs: Number of classes or values.

    Raises:
        UserCodeError: There is no such library, model or option, or the images have another number of channels.
    """
    for option in options.keys() & WEIGHTS:
        raise UserCodeError(
            f"task.model_options.{option}: is not to be set: networks are initialised, or read from "
            "population.checkpoints; nothing is downloaded"
        )
    channels = image(str(code), shape)[0]
    make = _timm if code.module == "timm" else _torchvision
    try:
        return make(code, channels, outputs)(**options)
    except TypeError as error:
        raise UserCodeError(f"task.model_options: {code} raised TypeError: {error}") from error


def _timm(code: Code, channels: int, outputs: int) -> Callable[..., Any]:
    list_models = Code("timm", "list_models").load()
    _require_known(code, code.name.partition(".")[0], list_models())
    make = sys.modules["timm"].create_model
    return lambda **options: make(
        code.name, pretrained=False, **{"num_classes": outputs, "in_chans": channels} | options
    )


def _torchvision(code: Code, channels: int, outputs: int) -> Callable[..., Any]:
    make, list_models = (Code(MODELS, name).load() for name in ("get_model", "list_models"))
    pixels = list_models(module=sys.modules[f"{MODELS}.segmentation"])
    _require_known(code, code.name, [*list_models(module=sys.modules[MODELS]), *pixels])
    if channels != RGB:
        raise UserCodeError(
            f"task.model: {code} takes images of {RGB} channels, the data's have {channels}; timm's models take any "
            'number: model = "timm:resnet18"'
        )
    fresh = {"weights": None, **({"weights_backbone": None} if code.name in pixels else {})}
    return lambda **options: make(code.name, **fresh, **{"num_classes": outputs} | options)


def _require_known(code: Code, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise UserCodeError(f"task.model: {code.module} has no model {name!r}; {near(name, known)}")
