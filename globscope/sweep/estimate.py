"""What a sweep would take: the plans of its cells, with every training counted once."""

from collections.abc import Mapping

from attrs import define, field

from globscope.study.estimate import Estimate, duration, fits_described


@define(frozen=True, kw_only=True)
class SweepEstimate:
    """A sweep's plan.

    Attributes:
        cells: By name; of each the seconds of training are of those networks that no cell before it has trained.
        trained: How many networks are trained, each once.
    """

    cells: Mapping[str, Estimate] = field(repr=False)
    trained: int

    @property
    def evaluations(self) -> int | None:
        """Networks to score if the cells shared none; None where a sampler decides as it goes."""
        known = [one.evaluations for one in self.cells.values() if one.evaluations is not None]
        return sum(known) if len(known) == len(self.cells) else None

    @property
    def described(self) -> dict[str, str]:
        """The plan in words, by what it tells."""
        cells = list(self.cells.values())
        seconds = [one.evaluate_seconds for one in cells if one.evaluate_seconds is not None]
        total, known = self.evaluations, len(seconds) == len(cells)
        return {
            "cells": f"{len(cells)}",
            "networks trained": f"{self.trained}, each once",
            "loss evaluations": "decided by the samplers" if total is None else f"at most {total:,}; cells share some",
            "memory": f"at most {max(one.memory for one in cells) / 2**20:,.0f} MiB beside the libraries",
            "training": f"about {duration(sum(one.train_seconds for one in cells))}",
            "maps": fits_described([one.fit_seconds for one in cells]),
            "evaluation": f"at most about {duration(sum(seconds))}" if known else "unknown",
        }
