"""Many studies as one: a spec over a grid of values, and finished runs side by side."""

from globscope.sweep.run import CellOutcome, Sweep, SweepResult, load, results

__all__ = ["CellOutcome", "Sweep", "SweepResult", "load", "results"]
