"""Many studies as one: a spec with every combination of some values, and finished runs side by side."""

from globscope.sweep.outcome import SweepResult as SweepResult, results as results
from globscope.sweep.run import Sweep as Sweep, load as load
