"""Work on a GPU that is recorded once and then repeated, so that Python starts none of its kernels (a CUDA graph)."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from globscope.errors import EvaluationError
from globscope.memory import first_line, is_out_of_memory

# Times that work runs before it is recorded: libraries choose their kernels and allocate what they keep.
WARM_UP = 2
# How torch begins its warning about an operation for which the host waits.
WAITING = "called a synchronizing CUDA operation"


class CaptureError(EvaluationError):
    """The work cannot be recorded: it waits for the GPU, or allocates or draws in a way that cannot be repeated."""


def capture(work: Callable[[], Any], device: str, *, warm_up: int = WARM_UP) -> Callable[[], Any]:
    """Return a function that repeats work on the tensors that it reads now, with whatever they hold then.

    Args:
        work: Reads and writes tensors that stay where they are; the next repetition overwrites its result.
        device: Such as `cuda:0`.
        warm_up: How often it runs before it is recorded.

    Raises:
        CaptureError: It cannot be recorded; what it did before stays done.
    """
    import torch

    current = torch.cuda.current_stream(device)
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    stream.wait_stream(current)
    with torch.cuda.stream(stream), refuse_waiting():
        for _ in range(warm_up):
            work()
    current.wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    try:
        with _usable_generator(device), torch.cuda.graph(graph, capture_error_mode="thread_local"):
            result = work()
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise CaptureError(first_line(error)) from error

    def repeat() -> Any:
        graph.replay()
        return result

    return repeat


@contextmanager
def refuse_waiting() -> Iterator[None]:
    """Let work run on a GPU, and refuse it afterwards if the host waited for the GPU in it.

    Recording such work would fail, and leave CUDA in disorder.

    Raises:
        CaptureError: Work that ran in this context waits.
    """
    import torch

    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")  # which itself warns that not all waiting is noticed
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode(before)
    if any(WAITING in str(one.message) for one in noticed):
        raise CaptureError("the host waits for the GPU in it, as `item()` or a condition on a tensor's value does")


@contextmanager
def _usable_generator(device: str) -> Iterator[None]:
    """Leave a generator that draws: a recording that fails leaves it waiting for the graph."""
    import torch

    try:
        yield
    except RuntimeError:
        number = torch.device(device).index
        generator = torch.cuda.default_generators[torch.cuda.current_device() if number is None else number]
        generator.graphsafe_set_state(generator.clone_state())
        raise
