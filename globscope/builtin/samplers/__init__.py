"""Built-in samplers."""

from globscope.api import hookimpl
from globscope.builtin.samplers.adaptive import Adaptive
from globscope.builtin.samplers.ball import GaussianBall
from globscope.builtin.samplers.critical_points import CriticalPoints
from globscope.builtin.samplers.grid import Grid
from globscope.builtin.samplers.path import Path
from globscope.builtin.samplers.sobol import Sobol

GLOBSCOPE_API = 2


@hookimpl
def globscope_samplers() -> dict[str, type]:
    """Offer the samplers by the name that a spec writes after `use =`."""
    return {
        "grid": Grid,
        "path": Path,
        "sobol": Sobol,
        "gaussian-ball": GaussianBall,
        "critical-points": CriticalPoints,
        "adaptive": Adaptive,
    }
