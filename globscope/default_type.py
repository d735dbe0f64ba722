"""The type of floating number that torch takes where code names none."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def default_type(kind: Any) -> Iterator[None]:
    """Let torch take a type of number where code names none, and give back what was set; None changes nothing."""
    if kind is None:
        yield
        return
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(kind)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def float32_by_default() -> Iterator[None]:
    """Let torch take float32 where code names no type, whatever the process has set; also a decorator."""
    import torch

    with default_type(torch.float32):
        yield


@contextmanager
def default_type_of_import() -> Iterator[list[Any]]:
    """Yield a list whose last item will be the default type that an import has set; None where torch is not used.

    The import begins with float32, whatever the process has set, and its setting ends with it.
    """
    kinds: list[Any] = [None]
    torch = sys.modules.get("torch")
    before = torch.get_default_dtype() if torch else None
    if torch:
        torch.set_default_dtype(torch.float32)
    try:
        yield kinds
    finally:
        if torch := sys.modules.get("torch"):
            kinds.append(torch.get_default_dtype())
            torch.set_default_dtype(before or torch.float32)
