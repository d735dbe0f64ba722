"""Residual networks for CIFAR: He et al. (2016), section 4.2, with 6n + 2 layers.

Tensors are named as in the public implementations: `conv1`, `bn1`, `layer1.0.conv1`, …, `linear`.
"""

from typing import Any, Literal

import torch
from torch import nn

from globscope.builtin.tasks.models import choice, image


class Pad(nn.Module):
    """Shortcut A: every second pixel, and zeros for the new channels; no parameters."""

    def __init__(self, more: int) -> None:
        """Add `more` channels."""
        super().__init__()
        self.more = more

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, channels + more, h / 2, w / 2)."""
        half = self.more // 2
        return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, self.more - half))


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions and the shortcut around them."""

    def __init__(self, below: int, above: int, stride: int, *, shortcut: str, residual: bool, norm: bool) -> None:
        """Go from `below` to `above` channels."""
        super().__init__()
        self.conv1 = _conv(below, above, 3, stride, norm)
        self.bn1 = _norm(above, norm)
        self.conv2 = _conv(above, above, 3, 1, norm)
        self.bn2 = _norm(above, norm)
        self.shortcut: nn.Module | None = None
        if residual:
            self.shortcut = _shortcut(below, above, stride, shortcut, norm)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, above, h / stride, w / stride)."""
        out = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(out if self.shortcut is None else out + self.shortcut(x))


class ResNet(nn.Module):
    """Three stages of blocks, at 1, 1/2 and 1/4 of the resolution."""

    def __init__(self, channels: int, outputs: int, blocks: int, width: int, **kind: Any) -> None:
        """Stack 3 × `blocks` blocks."""
        super().__init__()
        self.conv1 = _conv(channels, width, 3, 1, kind["norm"])
        self.bn1 = _norm(width, kind["norm"])
        self.layer1 = _stage(width, width, 1, blocks, kind)
        self.layer2 = _stage(width, 2 * width, 2, blocks, kind)
        self.layer3 = _stage(2 * width, 4 * width, 2, blocks, kind)
        self.linear = nn.Linear(4 * width, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, outputs) logits."""
        out = self.layer3(self.layer2(self.layer1(torch.relu(self.bn1(self.conv1(x))))))
        return self.linear(out.mean(dim=(2, 3)))  # type: ignore[no-any-return]


def resnet(
    shape: tuple[int, ...],
    outputs: int,
    depth: int,
    *,
    shortcut: Literal["A", "B"] = "B",
    residual: bool = True,
    batch_norm: bool = True,
    width: int = 16,
) -> ResNet:
    """Return a fresh ResNet: shortcut A pads with zeros, B is a 1×1 convolution; He initialisation.

    ResNet-56 for 10 classes has 853,018 parameters with A and 855,770 with B.
    """
    name = f"resnet{depth}"
    kind = {
        "shortcut": choice(name, "shortcut", shortcut, ("A", "B")),
        "residual": choice(name, "residual", residual, (True, False)),
        "norm": choice(name, "batch_norm", batch_norm, (True, False)),
    }
    network = ResNet(image(name, shape)[0], outputs, (depth - 2) // 6, width, **kind)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
    return network


def _stage(below: int, above: int, stride: int, blocks: int, kind: dict[str, Any]) -> nn.Sequential:
    first = ResidualBlock(below, above, stride, **kind)
    return nn.Sequential(first, *(ResidualBlock(above, above, 1, **kind) for _ in range(blocks - 1)))


def _conv(below: int, above: int, size: int, stride: int, norm: bool) -> nn.Conv2d:
    return nn.Conv2d(below, above, size, stride, padding=size // 2, bias=not norm)


def _norm(channels: int, norm: bool) -> nn.Module:
    return nn.BatchNorm2d(channels) if norm else nn.Identity()


def _shortcut(below: int, above: int, stride: int, kind: str, norm: bool) -> nn.Module:
    if (below, stride) == (above, 1):
        return nn.Identity()
    if kind == "A":
        return Pad(above - below)
    return nn.Sequential(_conv(below, above, 1, stride, norm), _norm(above, norm))
