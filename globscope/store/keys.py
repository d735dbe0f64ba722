"""Keys: what a stage depends on, as one hash."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import fields, has

from globscope.added_options import has_no_effect
from globscope.references import Code, digest_files

# Raised when a change of GlobScope gives other results from the same options: old stages are then left alone.
FORMAT = 6


def key(*parts: Any) -> str:
    """Return the hash of what a stage depends on: components, options, files' bytes, other keys."""
    text = json.dumps([FORMAT, *map(fingerprint, parts)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint(value: Any) -> Any:
    """Return a value's identity as JSON: for code and paths the bytes, wherever they lie.

    Options whose metadata say `where` are left out: they say where something is computed, not what. So are those that
    say `added` while they have their default.
    """
    if isinstance(value, Code):
        return ["code", value.digest(), value.name]
    if isinstance(value, np.ndarray):
        content = hashlib.blake2b(np.ascontiguousarray(value).data, digest_size=16).hexdigest()
        return ["array", str(value.dtype), list(value.shape), content]
    if isinstance(value, Path):
        return ["file", digest_files(value)]
    if has(type(value)):
        own = [(a, getattr(value, a.name)) for a in fields(type(value)) if not a.metadata.get("where")]
        return {a.name: fingerprint(option) for a, option in own if not has_no_effect(a, option)}
    if isinstance(value, Mapping):
        return {str(name): fingerprint(item) for name, item in value.items()}
    return [fingerprint(item) for item in value] if isinstance(value, list | tuple) else value
