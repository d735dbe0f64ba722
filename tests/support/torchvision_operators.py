"""torchvision for CUDA beside a torch for the CPU only, as package indexes hand them out together.

Its own operators then do not load. It does without them, but registers two of them as it is imported, which fails, and
with it every import of transformers, timm and peft.
"""

import os
from importlib.util import find_spec
from pathlib import Path

import torch

REGISTERED = ("nms", "qnms")


def declare_missing():
    """Declare the operators that torchvision registers, where they do not load; no test computes with them."""
    found = find_spec("torchvision")
    if found is None or found.origin is None:
        return
    try:
        torch.ops.load_library(os.fspath(Path(found.origin).with_name("_C.so")))
    except OSError:
        for name in REGISTERED:
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
