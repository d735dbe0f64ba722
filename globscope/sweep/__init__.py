"""Many studies as one: a spec with every combination of some values, and finished runs side by side."""

from globscope.sweep.run import Sweep as Sweep, SweepResult as SweepResult, load as load, results as results
