"""Models that a spec can name, and their options."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from globscope.api import Code, UserCodeError, near

# Name: (module, function, fixed arguments). Modules are imported on use: each imports torch.
_MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "mlp": ("mlp", "mlp", {}),  # its `hidden` is a key of the task
    "resnet20": ("resnet", "resnet", {"depth": 20}),
    "resnet32": ("resnet", "resnet", {"depth": 32}),
    "resnet56": ("resnet", "resnet", {"depth": 56}),
    "cnn": ("cnn", "cnn", {}),
    "unet": ("unet", "unet", {}),
    "vit": ("transformer", "vit", {"dim": 128, "depth": 6, "heads": 4}),
    "transformer": ("transformer", "transformer", {}),
    "vit-10m": ("transformer", "vit", {"dim": 384, "depth": 6, "heads": 6}),
}


# Libraries whose models a spec can name, such as `timm:resnet18`, by the modules that a reference may have.
_LIBRARIES = ("timm", "torchvision", "torchvision.models")


def is_named(model: Any) -> bool:
    """Return whether an option names a model, here or of a library, rather than a function of the user's."""
    return not isinstance(model, Code) or model.module in _LIBRARIES


def builder(model: Any, options: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function of (shape of an example, outputs) that makes a named model with fresh weights.

    Raises:
        UserCodeError: The model has no such option.
    """
    if isinstance(model, Code):
        return partial(import_module(f"{__name__}.library").library_model, model, options)
    return _own_builder(str(model), options)


def _own_builder(name: str, options: Mapping[str, Any]) -> Callable[..., Any]:
    module, function, fixed = _MODELS[name]
    make = partial(getattr(import_module(f"{__name__}.{module}"), function), **fixed)
    known = [p.name for p in inspect.signature(make).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for option in options:
        if option not in known:
            hint = near(option, known) if known else "it has none"
            raise UserCodeError(f"task.model_options.{option}: model {name!r} has no such option; {hint}")
    return partial(make, **options)


def perceptron(hidden: Sequence[int], options: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function that makes an mlp, whose widths are a key of the task.

    Raises:
        UserCodeError: There are further options.
    """
    for option in options:
        raise UserCodeError(f"task.model_options.{option}: model 'mlp' has no such option; its widths are task.hidden")
    return _own_builder("mlp", {"hidden": hidden})


def aliases(name: str) -> dict[str, str]:
    """Return the names here of a model's modules, by their names in public checkpoints."""
    if name.startswith("torchvision") and ":densenet" in name:  # saved before torch 0.4 forbade dots in names
        return {f"{layer}.{place}": f"{layer}{place}" for layer in ("norm", "conv") for place in (1, 2)}
    return {"fc": "linear", "downsample": "shortcut"} if name.startswith("resnet") else {}


def choice(model: str, option: str, value: Any, accepted: tuple[Any, ...]) -> Any:
    """Return an option's value.

    Raises:
        UserCodeError: The model does not accept it.
    """
    if not any(value is known or (type(value) is type(known) and value == known) for known in accepted):
        words = ", ".join(repr(known) for known in accepted)
        raise UserCodeError(f"task.model_options.{option}: {model} accepts {words}, got {value!r}")
    return value


def image(model: str, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the (channels, height, width) of an example.

    Raises:
        UserCodeError: It is not an image.
    """
    if len(shape) != 3:
        raise UserCodeError(
            f"model {model!r} takes images (channels, height, width); the data's examples have shape {shape}"
        )
    channels, height, width = shape
    return channels, height, width
