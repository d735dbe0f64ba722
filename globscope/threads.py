"""How many threads torch uses."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def same_threads() -> Iterator[None]:
    """Give torch its number of threads back, whatever libraries on the way make of it: numba sets it for all."""
    import torch

    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
