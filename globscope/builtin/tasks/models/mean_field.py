"""Mean-field inference of a conditional random field as layers: CRF-as-RNN (Zheng et al., 2015, algorithm 1).

Their kernels join all pairs of pixels through a permutohedral lattice; these join a pixel with those in a window
around it, which is exact in the window and needs nothing but torch.
"""

from typing import Literal

import torch
from torch import nn

# Standard deviation of the brightness in the bilateral kernel, in the units of the inputs.
LIKE = 0.5
# Keeps the bilateral messages of a pixel that is unlike all others at zero.
TINY = 1e-12

Trained = Literal["weights", "all", "none"]


class MeanField(nn.Module):
    """Messages between near pixels, weighted, made compatible and subtracted from the logits, several times."""

    spatial: torch.Tensor
    bilateral: torch.Tensor
    compatibility: torch.Tensor
    log_widths: torch.Tensor

    def __init__(self, classes: int, iterations: int, radius: int, *, trained: Trained = "weights") -> None:
        """Start from Potts' compatibility: classes that differ are equally incompatible.

        Of `weights`, those of both kernels for each class and the compatibility are parameters, as in Zheng et al.; of
        `all`, the logarithms of the kernels' widths too, relative to those they start from; of `none`, nothing is.
        """
        super().__init__()
        self.iterations, self.radius = iterations, radius
        self._hold("spatial", torch.ones(classes), trained=trained != "none")
        self._hold("bilateral", torch.ones(classes), trained=trained != "none")
        self._hold("compatibility", 1 - torch.eye(classes), trained=trained != "none")
        self.has_widths = trained == "all"
        if self.has_widths:
            self._hold("log_widths", torch.zeros(3), trained=True)

    def _hold(self, name: str, values: torch.Tensor, *, trained: bool) -> None:
        if trained:
            self.register_parameter(name, nn.Parameter(values))
        else:
            self.register_buffer(name, values)

    def forward(self, logits: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """Return (n, classes, h, w) logits, equal to the inputs where the kernels' weights are zero."""
        near, alike = self._kernels(images)
        refined = logits
        for _ in range(self.iterations):
            around = self._around(refined.softmax(dim=1))
            messages = self.spatial[:, None] * (around * near).sum(2) + self.bilateral[:, None] * (around * alike).sum(
                2
            )
            pairwise = torch.einsum("ck,nkp->ncp", self.compatibility, messages)
            refined = logits - pairwise.reshape(logits.shape)
        return refined

    def _around(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, channels, window, pixels) values around every pixel, zeros beyond the image."""
        side = 2 * self.radius + 1
        windows = nn.functional.unfold(x, side, padding=self.radius)
        return windows.reshape(len(x), x.shape[1], side**2, -1)

    def _kernels(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return both kernels, (…, window, pixels), each summing to one over the window without its middle.

        The spatial kernel's deviation starts at half the window's radius; the bilateral kernel's at the radius, and it
        also depends on the difference in brightness.
        """
        steps = torch.arange(-self.radius, self.radius + 1, device=images.device, dtype=images.dtype)
        far = (steps[:, None] ** 2 + steps**2).flatten()[:, None] / self.radius**2
        there = self._around(torch.ones_like(images[:1, :1]))[0] * (far > 0)
        unlike = ((self._around(images) - images.flatten(2)[:, :, None]) ** 2).sum(1) / LIKE**2
        near = far
        if self.has_widths:
            # A width that is e^w times as large makes the exponent e^(−2w) times as large.
            spatial, bilateral, brightness = torch.exp(-2 * self.log_widths).to(images.dtype)
            near, far, unlike = spatial * far, bilateral * far, brightness * unlike
        spatial, bilateral = there * torch.exp(-2 * near), there * torch.exp(-(far + unlike) / 2)
        return tuple((kernel / (kernel.sum(-2, keepdim=True) + TINY)).unsqueeze(-3) for kernel in (spatial, bilateral))  # type: ignore[return-value]


class RefinedNetwork(nn.Module):
    """A network whose logits are refined by a mean field and the images."""

    def __init__(self, net: nn.Module, crf: MeanField) -> None:
        """Combine a network and a mean field."""
        super().__init__()
        self.net, self.crf = net, crf

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return (n, classes, h, w) logits."""
        return self.crf(self.net(images), images)  # type: ignore[no-any-return]
