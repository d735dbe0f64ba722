"""The floating-point type that torch uses where code names none."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def default_type(kind: Any) -> Iterator[None]:
    """Set torch's default floating-point type, and restore it afterwards; None changes nothing."""
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
    """Set torch's default floating-point type to float32, and restore it afterwards; also a decorator."""
    import torch

    with default_type(torch.float32):
        yield


@contextmanager
def default_type_of_import() -> Iterator[list[Any]]:
    """Yield a list whose last item will be the default type that an import has set; None where torch is not used.

    The import starts with float32, and its setting is undone afterwards.
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
