"""How many threads the libraries use that compute."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


@contextmanager
def same_threads() -> Iterator[None]:
    """Give torch its number of threads back, whatever libraries on the way make of it: numba sets it for all."""
    import torch

    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


# Multiplications of a pass through a network below which one thread is as fast as many.
SMALL = 20_000_000


@contextmanager
def one_thread(where: bool) -> Iterator[None]:
    """Keep torch to one thread where the products are small.

    There a second thread gains nothing on an idle machine and waits on a busy one (18 times slower was
    measured), and the bits no longer depend on the number of cores.
    """
    import torch

    with same_threads():
        if where:
            torch.set_num_threads(1)
        yield


def threads_for(multiplications: int) -> AbstractContextManager[None]:
    """Keep torch to one thread where a pass has so few multiplications that more are no faster."""
    return one_thread(multiplications < SMALL)


@contextmanager
def with_threads(threads: int | None) -> Iterator[None]:
    """Keep torch, BLAS and OpenMP to a number of threads, on which the last bits of sums depend; None changes nothing.

    Args:
        threads: At least 1.
    """
    if threads is None:
        yield
        return
    import torch
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads), same_threads():
        torch.set_num_threads(threads)
        yield
