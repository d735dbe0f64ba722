"""The U-Net, small: Ronneberger, Fischer and Brox (2015), with padded convolutions, so that images keep their size."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import nn

from globscope.api import UserCodeError
from globscope.builtin.tasks.models import choice, image

# How many channels form a group of GroupNorm, if their number is divisible by it.
TOGETHER = 4


class UNet(nn.Module):
    """Stages that halve the image, stages that double it again, and skip connections between them."""

    def __init__(self, channels: int, outputs: int, widths: Sequence[int], norm: str) -> None:
        """Give each resolution its number of channels, the finest first."""
        super().__init__()
        self.down = nn.ModuleList(_stage(below, above, norm) for below, above in pairwise((channels, *widths)))
        steps = [(above, below) for below, above in pairwise(widths)][::-1]
        self.widen = nn.ModuleList(nn.ConvTranspose2d(above, below, 2, 2) for above, below in steps)
        self.up = nn.ModuleList(_stage(2 * below, below, norm) for _, below in steps)
        self.head = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, outputs, height, width) logits."""
        outputs: list[torch.Tensor] = []
        for stage in self.down:
            x = stage(nn.functional.max_pool2d(x, 2) if outputs else x)
            outputs.append(x)
        for widen, stage, across in zip(self.widen, self.up, outputs[-2::-1], strict=True):
            x = stage(torch.cat([across, widen(x)], dim=1))
        return self.head(x)  # type: ignore[no-any-return]


def unet(
    shape: tuple[int, ...],
    outputs: int,
    *,
    widths: Sequence[int] = (8, 16, 32),
    norm: Literal["batch", "group", "none"] = "batch",
) -> UNet:
    """Return a fresh U-Net with one resolution for each of `widths`, with PyTorch's default initialisation.

    Every stage is two 3×3 convolutions, each with its norm and ReLU; `group` has groups of 4 channels if their number
    is divisible by 4, else one group. At the defaults, 29,499 parameters for one channel and three classes.
    """
    channels, height, across = image("unet", shape)
    choice("unet", "norm", norm, ("batch", "group", "none"))
    if not isinstance(widths, Sequence) or not widths or not all(type(w) is int and w > 0 for w in widths):
        raise UserCodeError(f"task.model_options.widths: unet takes a list of numbers of channels, got {widths!r}")
    halved = 2 ** (len(widths) - 1)
    if height % halved or across % halved:
        raise UserCodeError(
            f"task.model_options.widths: {len(widths)} resolutions need images whose sides {halved} divides, "
            f"got {height}×{across}"
        )
    return UNet(channels, outputs, widths, norm)


def _stage(below: int, above: int, norm: str) -> nn.Sequential:
    return nn.Sequential(*_conv(below, above, norm), *_conv(above, above, norm))


def _conv(below: int, above: int, norm: str) -> list[Any]:
    conv = nn.Conv2d(below, above, 3, padding=1, bias=norm == "none")
    return [conv, *_norm(above, norm), nn.ReLU()]


def _norm(channels: int, norm: str) -> list[nn.Module]:
    if norm == "batch":
        return [nn.BatchNorm2d(channels)]
    groups = 1 if channels % TOGETHER else channels // TOGETHER
    return [nn.GroupNorm(groups, channels)] if norm == "group" else []
