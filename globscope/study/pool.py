"""The workers of a study: those of the pool that its spec names, or this process."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from globscope.boundary import component_errors
from globscope.registry import Registry
from globscope.roles import Workers
from globscope.spec.model import Spec
from globscope.study.observer import Observer
from globscope.torch_settings import float32_by_default, precise
from globscope.workers import ThisProcess


@contextmanager
def as_in_a_study(registry: Registry, component: object = None) -> Iterator[None]:
    """Compute as a study does, in whatever process, with errors that name the component or the user's file."""
    with component_errors(registry, component), float32_by_default(), precise("float32", "cpu"):
        yield


@contextmanager
def workers_of(spec: Spec, registry: Registry, observer: Observer) -> Iterator[Workers]:
    """Yield the workers, which end with the context; the observer hears of them."""
    if spec.run is None:
        yield ThisProcess()
        return
    with ExitStack() as opened:
        with component_errors(registry, spec.run.component):
            workers = opened.enter_context(spec.run.component.open())
        observer.pool(spec.run.use, workers.count)
        yield workers
