"""How many bits the products of float32 numbers keep on a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Literal

Precision = Literal["float32", "tf32", "bfloat16"]


@contextmanager
def precise(precision: Precision, device: str) -> Iterator[None]:
    """Compute products in a precision, and give back what was set before.

    torch lets convolutions on a GPU round to TF32 unless told otherwise; here that is asked for, never assumed.

    Args:
        precision: `float32` keeps 24 bits, `tf32` 11 on GPUs that can, and `bfloat16` 8.
        device: Where the products are computed; `bfloat16` goes by its kind.
    """
    import torch

    before, rounded = torch.get_float32_matmul_precision(), precision == "tf32"
    halved = torch.autocast(device.partition(":")[0], torch.bfloat16) if precision == "bfloat16" else nullcontext()
    try:
        torch.set_float32_matmul_precision("high" if rounded else "highest")
        # All of its flags must be told: what is not told is switched off, cuDNN itself too.
        cudnn = torch.backends.cudnn
        own = {"enabled": cudnn.enabled, "benchmark": cudnn.benchmark, "deterministic": cudnn.deterministic}
        with cudnn.flags(**own, allow_tf32=rounded), halved:
            yield
    finally:
        torch.set_float32_matmul_precision(before)
