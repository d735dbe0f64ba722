"""Settings of torch for the time of a computation: default type, precision and threads."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import Any, Literal


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


Precision = Literal["float32", "tf32", "bfloat16"]
"""How precisely torch multiplies: whole float32 numbers, rounded to TensorFloat-32, or bfloat16."""


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


@contextmanager
def same_threads() -> Iterator[None]:
    """Restore torch's number of threads afterwards: some libraries change it, such as numba."""
    import torch

    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


# A pass through a network with fewer multiplications is as fast with one thread as with many.
SMALL = 20_000_000


@contextmanager
def one_thread(where: bool) -> Iterator[None]:
    """Restrict torch to one thread if the products are small.

    A second thread then gains nothing on an idle machine and waits on a busy one (18 times slower was
    measured), and the bits do not depend on the number of cores.
    """
    import torch

    with same_threads():
        if where:
            torch.set_num_threads(1)
        yield


def threads_for(multiplications: int) -> AbstractContextManager[None]:
    """Restrict torch to one thread if a pass has so few multiplications that more threads are not faster."""
    return one_thread(multiplications < SMALL)


@lru_cache(maxsize=1)
def _libraries(modules: int) -> Any:
    """Return the libraries that compute in threads, found anew once there are more modules: that takes milliseconds."""
    del modules
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def with_threads(threads: int | None) -> Iterator[None]:
    """Restrict torch, BLAS and OpenMP to a number of threads, which affects the last bits of sums; None does nothing.

    Args:
        threads: The number of threads, at least 1.
    """
    if threads is None:
        yield
        return
    import torch

    with _libraries(len(sys.modules)).limit(limits=threads), same_threads():
        torch.set_num_threads(threads)
        yield
