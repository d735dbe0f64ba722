"""GlobScope: global loss landscapes of many trained networks.

`globscope.load(path).run()` runs a study or a sweep from Python, and `globscope.study(model=…, …).run()` one that is
declared there; `globscope.project(run, files)` puts networks on a study's maps; `globscope.compare(runs)` sets finished
runs side by side; `with globscope.progress() as observer:` lets `run(observer)` print what it does.
"""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"
__all__ = ["__version__", "compare", "load", "progress", "project", "study"]
MODULES = {
    "compare": "globscope.sweep.compare",
    "load": "globscope.sweep",
    "progress": "globscope.cli.progress",
    "project": "globscope.session.finished_run",
    "study": "globscope.declaration.study",
}


def __getattr__(name: str) -> Any:
    """Import the study only when it is asked for: `globscope --help` must feel instant."""
    if name in MODULES:
        return getattr(import_module(MODULES[name]), name)
    raise AttributeError(f"module 'globscope' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names: what a notebook completes is not imported yet."""
    return __all__
