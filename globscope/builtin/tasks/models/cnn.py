"""The convolutional network of the paper's appendix: four blocks of two convolutions."""

from typing import Any

from globscope.api import UserCodeError
from globscope.builtin.tasks.models import image


def cnn(shape: tuple[int, ...], outputs: int, *, width: int = 64) -> Any:
    """Return a fresh CNN with BatchNorm: a stem, then blocks of `width` × 1, 2, 4, 8 channels, each halving the image.

    The paper gives counts alone, 4.73M for 10 classes and 4.91M for 100; these layers have 4,727,370 and
    4,911,780 parameters on 32×32 images in colour, and are not the only ones that would.

    Raises:
        UserCodeError: Nothing would be left of images that are halved four times.
    """
    from torch import nn

    channels, height, across = image("cnn", shape)
    if min(height, across) < 16:
        raise UserCodeError(f"model 'cnn' halves images four times: it takes 16×16 and larger, not {height}×{across}")
    layers = _conv(channels, width // 2)
    below = width // 2
    for above in (width, 2 * width, 4 * width, 8 * width):
        layers += [*_conv(below, above), *_conv(above, above), nn.MaxPool2d(2)]
        below = above
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(below * (height // 16) * (across // 16), outputs))


def _conv(below: int, above: int) -> list[Any]:
    from torch import nn

    return [nn.Conv2d(below, above, 3, padding=1), nn.BatchNorm2d(above), nn.ReLU()]
