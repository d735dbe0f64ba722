"""The pool `ray`: workers of a Ray cluster, or of a Ray that is started on this machine."""

from globscope.api import hookimpl
from globscope_ray.pool import Ray

GLOBSCOPE_API = 2


@hookimpl
def globscope_pools() -> dict[str, type]:
    """Offer the pool under the name that a spec writes after `pool =`."""
    return {"ray": Ray}
