"""Named models that are recognised by the names and shapes of their tensors, for `globscope init FOLDER`."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from globscope.api import Code, UserCodeError
from globscope.builtin.tasks.models import aliases, builder

Shapes = Mapping[str, tuple[int, ...]]
# Data by the number of inputs (of an mlp) or channels (of a ResNet) and classes; `globscope data` uses this path.
DATA: dict[tuple[int, int], dict[str, str]] = {
    (64, 10): {"data": "digits"},
    (784, 10): {"data": "mnist", "path": "~/data/mnist"},
    (3, 10): {"data": "cifar10", "path": "~/data/cifar10"},
    (3, 100): {"data": "cifar100", "path": "~/data/cifar100"},
}
OTHERS = {"data": "my_data.py:load"}
_BLOCK = re.compile(r"layer1\.(\d+)\.")
# A ResNet's default width.
WIDTH = 16
# The depths of the ResNets for large images (He et al., 2016, table 1).
PUBLIC_DEPTHS = (18, 34, 50, 101, 152)


def recognise(shapes: Shapes) -> dict[str, Any] | None:
    """Return the options of a named model with these tensors; None where there is none.

    Args:
        shapes: Shapes by the tensors' names without frameworks' prefixes; further tensors are ignored.
    """
    return _perceptron(shapes) or _resnet(shapes) or _public_resnet(shapes)


def _perceptron(shapes: Shapes) -> dict[str, Any] | None:
    """Recognise an mlp: linear layers at the odd places of a sequence, with matching widths."""
    count = len(shapes) // 2
    names = [f"{place}.{kind}" for place in range(1, 2 * count, 2) for kind in ("weight", "bias")]
    if count < 1 or set(names) != set(shapes) or any(len(shapes[name]) != 2 for name in names[::2]):
        return None
    widths = [shapes["1.weight"][1], *(shapes[name][0] for name in names[::2])]
    if [shapes[name] for name in names[::2]] != [(above, below) for below, above in pairwise(widths)]:
        return None
    return {"model": "mlp", "hidden": widths[1:-1], **DATA.get((widths[0], widths[-1]), OTHERS)}


def _resnet(shapes: Shapes) -> dict[str, Any] | None:
    """Recognise a ResNet for small images, also by the module names of public checkpoints."""
    renamed = aliases("resnet20")
    known = {".".join(renamed.get(part, part) for part in name.split(".")): shape for name, shape in shapes.items()}
    first, last = known.get("conv1.weight", ()), known.get("linear.weight", ())
    depth = 6 * len({match[1] for name in known if (match := _BLOCK.match(name))}) + 2
    if len(first) != 4 or len(last) != 2 or depth not in (20, 32, 56):
        return None
    width, channels, classes = first[0], first[1], last[0]
    options: dict[str, Any] = {} if width == WIDTH else {"width": width}
    kind = "B" if any("shortcut." in name for name in known) else "A"
    if (
        not _parameter_shapes(f"resnet{depth}", channels, classes, options | {"shortcut": kind}).items()
        <= known.items()
    ):
        return None
    data = DATA.get((channels, classes), OTHERS)
    return {"model": f"resnet{depth}", **({"model_options": options} if options else {}), **data}


def _public_resnet(shapes: Shapes) -> dict[str, Any] | None:
    """Recognise a ResNet for large images by the names that torchvision and timm share, where torchvision is there."""
    blocks = [
        len({name.split(".")[1] for name in shapes if name.startswith(f"layer{stage}.")}) for stage in range(1, 5)
    ]
    depth = sum(blocks) * (3 if "layer1.0.conv3.weight" in shapes else 2) + 2
    model, head = Code("torchvision", f"resnet{depth}"), shapes.get("fc.weight", ())
    if depth not in PUBLIC_DEPTHS or len(head) != 2:
        return None
    try:
        expected = _parameter_shapes(model, 3, head[0], {})
    except UserCodeError:  # it is not installed
        return None
    return {"model": str(model), **OTHERS} if expected.items() <= shapes.items() else None


def _parameter_shapes(
    model: str | Code, channels: int, classes: int, options: Mapping[str, Any]
) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a named model's parameters, without allocating them."""
    import torch

    with torch.device("meta"):
        module = builder(model, options)((channels, 32, 32), classes)
    return {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
