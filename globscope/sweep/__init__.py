"""Many studies as one: a spec with every combination of some values, and finished runs side by side."""

from globscope.sweep.run import CellOutcome, Sweep, SweepResult, load, results

__all__ = ["CellOutcome", "Sweep", "SweepResult", "load", "results"]
