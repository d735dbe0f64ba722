"""Where torch computes."""

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


# Metadata of options that say where something is computed, or how much of it at once: no key depends on them.
WHERE: Mapping[str, bool] = MappingProxyType({"where": True})
# Of options that name a device. Whether this machine has it, `device` says where it is needed.
device_name = _DeviceName()


def device(wanted: str, place: str) -> str:
    """Return the device's name, the best there is for `auto`; `place` is the option that asks for it.

    Raises:
        EvaluationError: This machine has no such device.
        SpecError: No machine has.
    """
    if not re.fullmatch(_DeviceName.pattern, wanted):
        raise SpecError([f"{place}: there is no device {wanted!r}; known: auto, cpu, cuda, cuda:0, cuda:1, …, mps"])
    there = available()
    if wanted == "auto":
        return there[0].partition(":")[0]
    if wanted not in there and not (wanted == "cuda" and there[0].startswith("cuda")):
        raise EvaluationError(f"{place}: this machine has no {wanted!r}; it has {', '.join(there)}")
    return wanted


def available() -> list[str]:
    """Return the devices of this machine, those that `auto` prefers first."""
    import torch

    cards = [f"cuda:{number}" for number in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return [*cards, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]
