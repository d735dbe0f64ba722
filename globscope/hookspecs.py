"""One hook for each role. Each is called once per registry, before any spec is read, and returns classes."""

import pluggy

NAMESPACE = "globscope"
API_VERSION = 2
"""Version of the hooks, the roles and `globscope.api`; raised when plugins for the previous one may stop working."""

hookspec = pluggy.HookspecMarker(NAMESPACE)
hookimpl = pluggy.HookimplMarker(NAMESPACE)
"""Marks a function of a plugin as the implementation of the hook of its name."""


@hookspec
def globscope_tasks() -> dict[str, type]:  # type: ignore[empty-body]
    """Return task classes by the name that a spec writes after `use =`."""


@hookspec
def globscope_reducers() -> dict[str, type]:  # type: ignore[empty-body]
    """Return reducer classes by the name that a spec writes after `use =`."""


@hookspec
def globscope_samplers() -> dict[str, type]:  # type: ignore[empty-body]
    """Return sampler classes by the name that a spec writes after `use =`."""


@hookspec
def globscope_evaluators() -> dict[str, type]:  # type: ignore[empty-body]
    """Return evaluator classes by the name that a spec writes after `use =`."""


@hookspec
def globscope_topologies() -> dict[str, type]:  # type: ignore[empty-body]
    """Return topology classes by the name that a spec writes after `use =`."""


@hookspec
def globscope_aligners() -> dict[str, type]:  # type: ignore[empty-body]
    """Return aligner classes by the name that a spec writes after `use =`."""


@hookspec
def globscope_pools() -> dict[str, type]:  # type: ignore[empty-body]
    """Return pool classes by the name that a spec writes after `pool =`."""


@hookspec
def globscope_analyses() -> dict[str, type]:  # type: ignore[empty-body]
    """Return analysis classes by the name that a spec writes after `use =`."""
