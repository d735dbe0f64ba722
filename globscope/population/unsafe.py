"""Why a checkpoint file cannot be read as tensors alone, and what to do. Nothing in the file is executed."""

import re
from collections.abc import Sequence
from pathlib import Path
from zipfile import is_zipfile

from globscope.population.harmless import harmless_names
from globscope.spec.words import short
from globscope.visible import visible

# How many classes a message names; a whole module may refer to dozens.
NAMED = 4
UNSUPPORTED = re.compile(r"(?:Unsupported global: GLOBAL|load unsupported GLOBAL) (\S+)")


def unreadable_reason(path: Path, error: Exception) -> str:
    """Return why a file is refused; torch's own words advise to run whatever it holds."""
    size = path.stat().st_size
    if size == 0:
        return "is empty"
    if path.suffix == ".safetensors":
        return f"is not a complete safetensors file ({size:,} bytes): damaged, truncated, or of another format"
    classes = _classes(path, error)
    if classes:
        return _refusal(path, classes)
    return (
        "cannot be read as tensors alone: it is damaged, or a pickle that would run code, which is never done; "
        "save the state dict by itself, or as safetensors"
    )


def _classes(path: Path, error: Exception) -> list[str]:
    """Return the classes and functions that a file refers to and that could run code."""
    from torch.serialization import get_unsafe_globals_in_checkpoint

    try:
        unsafe = get_unsafe_globals_in_checkpoint(path) if is_zipfile(path) else []
    except Exception:  # noqa: BLE001 - a damaged file, which torch's error describes
        unsafe = []
    return sorted({*unsafe, *UNSUPPORTED.findall(str(error))} - harmless_names())


def _refusal(path: Path, classes: Sequence[str]) -> str:
    names = ", ".join(short(visible(name)) for name in classes[:NAMED])
    more = f" and {len(classes) - NAMED} more" if len(classes) > NAMED else ""
    whole = any(name.startswith("torch.nn.modules.") for name in classes)
    state = ".state_dict()" if whole else "['state_dict']"
    return (
        f"needs {names}{more}, and to make one could run code, which is never done; if you trust the file, save its "
        f"state dict by itself: torch.save(torch.load({path.name!r}, weights_only=False){state}, "
        f"{f'{path.stem}-weights.pt'!r})"
    )
