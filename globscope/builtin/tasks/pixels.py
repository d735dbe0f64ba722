"""Scaling and augmentation of a batch of inputs before they enter the model, and the loss if not all pixels count."""

from typing import Any, Literal

from attrs import define, field

from globscope.api import IGNORED, UserCodeError

Normalise = Literal["unit", "channel"] | tuple[tuple[float, ...], tuple[float, ...]]
# How many pixels of zeros are added around an image before it is cropped at a random place (He et al., 2016).
PADDING = 4
# Numbers of a chunk of images whose channels are averaged: 400 MB of float64.
LARGEST = 50_000_000


@define(frozen=True, kw_only=True)
class InputScaling:
    """Scales bytes to [0, 1], then standardises each channel.

    Attributes:
        kind: Floating-point type of the result, of at least 32 bits.
        mean: (channels, 1, …) tensor of the channels' means; None to leave values unchanged.
        deviation: (channels, 1, …) tensor of the channels' standard deviations; None with `mean`.
    """

    kind: Any
    mean: Any = field(default=None, eq=False, repr=False)
    deviation: Any = field(default=None, eq=False, repr=False)

    def __call__(self, inputs: Any) -> Any:
        """Return scaled inputs; integers that are not bytes, such as tokens, stay unchanged."""
        import torch

        values = inputs.to(self.kind) / 255 if inputs.dtype == torch.uint8 else inputs
        return values if self.mean is None else (values - self.mean) / self.deviation


def input_scaling(normalise: Normalise, inputs: Any, kind: Any) -> InputScaling:
    """Return the scaling of an option, with statistics of the training `inputs` where it needs them.

    Numbers are of the type `kind`, float32 or float64.

    Raises:
        UserCodeError: The option has another number of channels than the inputs.
    """
    import torch

    if normalise == "unit":
        return InputScaling(kind=kind)
    if normalise == "channel":
        mean, deviation = _statistics(inputs)
    else:
        mean, deviation = (torch.tensor(part, dtype=torch.float64) for part in normalise)
    channels = inputs.shape[1] if inputs.ndim > 1 else 1
    if not len(mean) == len(deviation) == channels or not (deviation > 0).all():
        raise UserCodeError(
            f"task.normalise: needs {channels} means and {channels} deviations above 0, one for each channel"
        )
    shape = (-1,) + (1,) * (inputs.ndim - 2)
    mean, deviation = (part.to(inputs.device, kind).reshape(shape) for part in (mean, deviation))
    return InputScaling(kind=kind, mean=mean, deviation=deviation)


def _statistics(inputs: Any) -> tuple[Any, Any]:
    """Return every channel's mean and deviation, computed in chunks: float64 copies of all images might not fit."""
    import torch

    # mps has no float64.
    where = "cpu" if inputs.device.type == "mps" else inputs.device
    sums, squares = (torch.zeros(inputs.shape[1], dtype=torch.float64, device=where) for _ in range(2))
    count = 0
    for part in (part.to(where) for part in inputs.split(max(1, min(1000, LARGEST // inputs[0].numel())))):
        values = (part.double() / 255 if part.dtype == torch.uint8 else part.double()).transpose(0, 1).flatten(1)
        sums, squares, count = sums + values.sum(1), squares + (values**2).sum(1), count + values.shape[1]
    mean = sums / count
    deviation = (squares / count - mean**2).clamp(min=0).sqrt()
    # A constant channel is divided by one, which leaves it at zero.
    deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
    return mean, deviation


def crop_and_flip(images: Any) -> Any:
    """Return (n, c, h, w) images, each padded and cropped at a random place, half of them mirrored.

    He et al. (2016), section 4.2. Draws from torch's generator of the images' device.
    """
    import torch

    count, _, height, width = images.shape
    padded = torch.nn.functional.pad(images, (PADDING,) * 4)
    down, right = torch.randint(2 * PADDING + 1, (2, count), device=images.device)
    rows = down[:, None] + torch.arange(height, device=images.device)
    columns = right[:, None] + torch.arange(width, device=images.device)
    rows_of_batch = torch.arange(count, device=images.device)[:, None, None]
    cropped = padded.permute(0, 2, 3, 1)[rows_of_batch, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    mirrored = torch.rand(count, device=images.device) < 0.5
    return torch.where(mirrored[:, None, None, None], cropped.flip(3), cropped)


def mean_of_images(outputs: Any, targets: Any) -> Any:
    """Return the mean over images of the mean cross-entropy over an image's pixels that count.

    So batches add up, whatever the number of pixels that count in each. Pixels of the class `IGNORED` do not.
    """
    from torch.nn.functional import cross_entropy

    losses = cross_entropy(outputs, targets, ignore_index=IGNORED, reduction="none")
    return (losses.flatten(1).sum(1) / (targets != IGNORED).flatten(1).sum(1)).mean()
