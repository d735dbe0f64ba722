"""Values in Ray's object store, where the processes of a machine share one copy of their arrays."""

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from globscope.api import pickle_for_worker

Payload = tuple[np.ndarray, list[np.ndarray]]


def pack(value: Any, name: str, pickled: Callable[..., bytes]) -> Payload:
    """Return a value as arrays of bytes: its pickle, and the buffers of its arrays, which are not copied.

    Raises:
        PoolError: It cannot be pickled.
    """
    buffers: list[pickle.PickleBuffer] = []
    content = pickle_for_worker(value, name, partial(pickled, outside=buffers.append))
    return np.frombuffer(content, np.uint8), [np.frombuffer(buffer.raw(), np.uint8) for buffer in buffers]


def unpack(payload: Payload) -> Any:
    """Return the value; its arrays are read-only views of the payload."""
    content, buffers = payload
    return pickle.loads(content.data, buffers=buffers)  # noqa: S301 - of a process of ours
