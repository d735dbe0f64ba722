"""The device on which torch computes."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from globscope.errors import EvaluationError, SpecError


class _DeviceName:
    """An attrs validator: text that names a device of some machine."""

    pattern = r"^(auto|cpu|mps|cuda(:[0-9]+)?)$"

    def __call__(self, _: Any, attribute: Any, value: Any) -> None:
        """Refuse any other text."""
        if not re.fullmatch(self.pattern, str(value)):
            raise ValueError(f"{attribute.name} must be 'auto', 'cpu', 'cuda', a card such as 'cuda:1', or 'mps'")


WHERE: Mapping[str, bool] = MappingProxyType({"where": True})
"""Metadata of options that say where or in which portions something is computed: no stage key depends on them."""
device_name = _DeviceName()
"""Validator of options that name a device; `device` checks whether this machine has it."""


def device(wanted: str, place: str) -> str:
    """Return a device's name, the best available one for `auto`; `place` is the option that asks for it.

    Raises:
        EvaluationError: This machine has no such device.
        SpecError: There is no such kind of device.
    """
    if not re.fullmatch(_DeviceName.pattern, wanted):
        raise SpecError([f"{place}: there is no device {wanted!r}; known: auto, cpu, cuda, cuda:0, cuda:1, …, mps"])
    devices = available()
    if wanted == "auto":
        return devices[0].partition(":")[0]
    if wanted not in devices and not (wanted == "cuda" and devices[0].startswith("cuda")):
        raise EvaluationError(f"{place}: this machine has no {wanted!r}; it has {', '.join(devices)}")
    return wanted


def available() -> list[str]:
    """Return the devices of this machine, in the order in which `auto` prefers them."""
    import torch

    cards = [f"cuda:{number}" for number in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return [*cards, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]
