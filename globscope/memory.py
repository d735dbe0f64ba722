"""What memory is left, and errors by a lack of it, on any device."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from globscope.errors import GlobscopeError

# What allocators write into a plain RuntimeError: torch's on a CPU, CUDA's, HIP's and MPS's, and those of the libraries
# that they call. Those libraries allocate beside torch, so that torch does not raise its OutOfMemoryError for them.
# cuDNN's plans that need too much workspace are tried one after another, and only "unable to find" is left of that.
SIGNS = re.compile(
    r"out of memory|not enough memory|cannot allocate memory|DefaultCPUAllocator|Storage size calculation overflowed"
    r"|(CUBLAS|HIPBLAS|CUDNN|CUSOLVER|CUSPARSE|CUFFT|HIPFFT)_\w*ALLOC(ATION)?_FAILED|StatusAllocFailed"
    r"|CUSPARSE_STATUS_INSUFFICIENT_RESOURCES|hipErrorOutOfMemory|cudaErrorMemoryAllocation"
    r"|unable to find an engine to execute this computation|Unable to find a valid cuDNN algorithm"
    r"|Invalid buffer size",
    re.IGNORECASE,
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error is an allocator's, by its class or, where that is general, by its text.

    Python's and NumPy's MemoryError, torch's OutOfMemoryError, and RuntimeErrors of CUDA, cuBLAS, cuDNN, HIP and MPS.
    """
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and bool(SIGNS.search(str(error))))


@contextmanager
def within_memory(kind: type[GlobscopeError], text: str) -> Iterator[None]:
    """Raise a lack of memory as an error of this kind.

    Args:
        kind: Class of the error.
        text: What does not fit, and what would need less.

    Raises:
        GlobscopeError: There is not enough memory.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise kind(text) from error


def free_memory(device: str) -> int | None:
    """Return the bytes that are free on a GPU; None for another device."""
    import torch

    return int(torch.cuda.mem_get_info(device)[0]) if device.startswith("cuda") else None


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text; allocators add pages of advice."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
