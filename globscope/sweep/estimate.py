"""The cost of a sweep: the plans of its cells, with every training counted once."""

from collections.abc import Mapping

from attrs import define, field

from globscope.pipeline.plan.describe import describe_fits, describe_uncounted
from globscope.pipeline.plan.estimate import Estimate
from globscope.values.quantity import duration


@define(frozen=True, kw_only=True)
class SweepEstimate:
    """A sweep's plan.

    Attributes:
        cells: The cells' plans by name; seconds of training count only networks that no earlier cell trains.
        trained: How many networks are trained, each once.
        at_once: How many cells run side by side, at most.
    """

    cells: Mapping[str, Estimate] = field(repr=False)
    trained: int
    at_once: int = 1

    @property
    def warnings(self) -> tuple[str, ...]:
        """Those of all cells, each once."""
        return tuple(dict.fromkeys(text for cell in self.cells.values() for text in cell.warnings))

    @property
    def evaluations(self) -> int | None:
        """Networks to score if the cells shared none; None where a sampler decides during the run."""
        known = [cell.evaluations for cell in self.cells.values() if cell.evaluations is not None]
        return sum(known) if len(known) == len(self.cells) else None

    @property
    def in_words(self) -> dict[str, str]:
        """The plan in words, by topic."""
        cells = list(self.cells.values())
        seconds = [cell.evaluate_seconds for cell in cells if cell.evaluate_seconds is not None]
        total, known = self.evaluations, len(seconds) == len(cells)
        apart = describe_uncounted([*dict.fromkeys(name for cell in cells for name in cell.uncounted)])
        scored = "decided by the samplers" if total is None else f"at most {total:,}; cells share some"
        return {
            "cells": f"{len(cells)}",
            "networks trained": f"{self.trained}, each once",
            "loss evaluations": scored + apart,
            "memory": f"at most {max(cell.memory for cell in cells) / 2**20:,.0f} MiB beside the libraries",
            "training": f"about {self._duration(sum(cell.train_seconds for cell in cells))}",
            "maps": describe_fits([cell.fit_seconds for cell in cells], self.at_once),
            "evaluation": f"at most about {self._duration(sum(seconds))}{apart}" if known else "unknown",
        }

    def _duration(self, seconds: float) -> str:
        """Return the time that cells take that run side by side."""
        return duration(seconds / self.at_once) + (f", {self.at_once} cells side by side" * (self.at_once > 1))
