"""Libraries that some tests need and an environment may lack, or have in a version that does not fit its torch."""

from importlib import import_module
from typing import Any

import pytest


def import_or_skip(name: str) -> Any:
    """Return a module; skip the test where it is missing or cannot be imported.

    torchvision raises a RuntimeError beside another torch than it was built for, which `pytest.importorskip` passes on.
    """
    try:
        return import_module(name)
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"{name} cannot be imported: {error}")
