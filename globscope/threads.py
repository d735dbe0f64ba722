"""The number of threads that computing libraries use."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


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
    """Restrict torch to one thread if a pass has so few multiplications that more threads are no faster."""
    return one_thread(multiplications < SMALL)


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
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads), same_threads():
        torch.set_num_threads(threads)
        yield
