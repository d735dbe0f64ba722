"""The precision of products of float32 numbers on a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Literal

Precision = Literal["float32", "tf32", "bfloat16"]


@contextmanager
def precise(precision: Precision, device: str) -> Iterator[None]:
    """Compute products in a precision, and restore the previous setting afterwards.

    By default torch lets convolutions on a GPU round to TF32; here they round only if this is wanted.

    Args:
        precision: `float32` keeps 24 bits, `tf32` 11 on GPUs that can, and `bfloat16` 8.
        device: The device that computes the products.
    """
    import torch

    before, is_tf32 = torch.get_float32_matmul_precision(), precision == "tf32"
    autocast = torch.autocast(device.partition(":")[0], torch.bfloat16) if precision == "bfloat16" else nullcontext()
    try:
        torch.set_float32_matmul_precision("high" if is_tf32 else "highest")
        # All flags must be set: others are switched off, even cuDNN itself.
        cudnn = torch.backends.cudnn
        flags = {"enabled": cudnn.enabled, "benchmark": cudnn.benchmark, "deterministic": cudnn.deterministic}
        with cudnn.flags(**flags, allow_tf32=is_tf32), autocast:
            yield
    finally:
        torch.set_float32_matmul_precision(before)
