"""Mean-field inference of a conditional random field as layers: CRF-as-RNN (Zheng et al., 2015, algorithm 1).

Their kernels join all pairs of pixels through a permutohedral lattice; these join a pixel with those in a window
around it, which is exact in the window and needs nothing but torch.
"""

import torch
from torch import nn

# Standard deviation of the brightness in the bilateral kernel, in the units of the inputs.
LIKE = 0.5
# Keeps the bilateral messages of a pixel that is unlike all others at zero.
TINY = 1e-12


class MeanField(nn.Module):
    """Messages between near pixels, weighted, made compatible and subtracted from the logits, several times."""

    def __init__(self, classes: int, iterations: int, radius: int) -> None:
        """Start from Potts' compatibility: classes that differ are equally incompatible."""
        super().__init__()
        self.iterations, self.radius = iterations, radius
        self.spatial, self.bilateral = nn.Parameter(torch.ones(classes)), nn.Parameter(torch.ones(classes))
        self.compatibility = nn.Parameter(1 - torch.eye(classes))

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

        The spatial kernel's deviation is half the window's radius; the bilateral kernel's is the radius, and it also
        depends on the difference in brightness.
        """
        steps = torch.arange(-self.radius, self.radius + 1, device=images.device, dtype=images.dtype)
        far = (steps[:, None] ** 2 + steps**2).flatten()[:, None] / self.radius**2
        there = self._around(torch.ones_like(images[:1, :1]))[0] * (far > 0)
        unlike = ((self._around(images) - images.flatten(2)[:, :, None]) ** 2).sum(1) / LIKE**2
        spatial, bilateral = there * torch.exp(-2 * far), there * torch.exp(-(far + unlike) / 2)
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
