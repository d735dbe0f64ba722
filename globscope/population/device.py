"""Where training takes place."""

from globscope.errors import PopulationError


def device(wanted: str) -> str:
    """Return the device's name, the best there is for `auto`.

    Raises:
        PopulationError: This machine has no such device.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, available in there.items() if available)
    if not there[wanted]:
        raise PopulationError(f"population.train.device: this machine has no {wanted!r}; 'auto' takes what is there")
    return wanted
