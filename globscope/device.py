"""Where torch computes."""

from globscope.errors import EvaluationError


def device(wanted: str, place: str) -> str:
    """Return the device's name, the best there is for `auto`; `place` is the option that asks for it.

    Raises:
        EvaluationError: This machine has no such device.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, available in there.items() if available)
    if not there[wanted]:
        raise EvaluationError(f"{place}: this machine has no {wanted!r}; 'auto' takes what is there")
    return wanted
