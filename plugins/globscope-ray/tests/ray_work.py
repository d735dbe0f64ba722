"""Work for the pool `ray`."""

import os
import time
from pathlib import Path


def whereabouts(_):
    """Return a function that takes a while and returns machine, visible GPUs and process."""
    import ray

    def work(item, _):
        time.sleep(0.05)
        return ray.get_runtime_context().get_node_id(), os.environ.get("CUDA_VISIBLE_DEVICES"), os.getpid()

    return work


def reported_first(heard):
    """Return a function that waits until its report was heard."""

    def work(_, progress):
        progress(1, 2)
        end = time.monotonic() + 20
        while not heard.exists() and time.monotonic() < end:
            time.sleep(0.01)
        return heard.exists()

    return work


def is_view(array):
    """Return a function that returns whether an array has its own memory, and whether it is writable."""
    return lambda *_: (array.flags.owndata, array.flags.writeable)


def contents(_):
    """Return a function that returns a path as the worker sees it, with the text of its file."""
    return lambda path, _: (str(path), path.read_text() if path.exists() else None)


def slow(_):
    """Return a function that takes a second."""

    def work(item, _):
        time.sleep(1)
        return item

    return work


def await_end(pids, seconds=20):
    """Wait until processes are gone."""
    end = time.monotonic() + seconds
    while left := [pid for pid in pids if Path(f"/proc/{pid}").exists() and not is_zombie(pid)]:
        assert time.monotonic() < end, left
        time.sleep(0.05)


def is_zombie(pid):
    """Return whether a process only waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def training_into(folder):
    """Return what a pool needs to train no run into a folder."""
    from globscope.pipeline.train_group import Training, TrainingJob, trainer
    from globscope.registry import Registry
    from globscope.testing.tiny.task import TinyTask

    job = TrainingJob({"key": (Named("A"), folder)})
    return trainer, Training(registry=Registry(components=()), task=TinyTask()), job


class Named:
    """A run that has but a name."""

    def __init__(self, name):
        self.name = name
