"""The report on a learned aligner: its barriers beside those of other aligners."""

from collections.abc import Mapping

import numpy as np

from globscope.api import Finding, Panel, Plot, Series, Table, finite_or_none, number

FEW, VERY_FEW = 100, 40
CLASSICAL = ("weight-matching", "activation-matching")
METHODS = ("as they are", *CLASSICAL, "deep-align")
CAPTION = (
    "Barriers between networks that played no part in learning: the largest excess of the test loss on the straight "
    "line over the interpolation of its ends; the area is the integral of the excess. Over {pairs} pairs of {networks} "
    "networks, with the seconds that aligning a pair took. deep-align learned from {train} networks in {seconds:.0f} "
    "seconds; {validation} others chose its best step."
)
COLUMNS = ("method", "barrier_median", "barrier_mean", "area_median", "area_mean", "seconds_per_pair")
HISTORY = (
    "While deep-align learned: the mean barrier on training examples, after hard alignment, between pairs of the "
    "networks that choose its best step; that of the lowest is kept."
)


def finding_of(arrays: Mapping[str, np.ndarray]) -> Finding:
    """Return the barriers on unseen networks, the barrier over the steps, and warnings."""
    counts = {name: len(arrays[f"networks/{name}"]) for name in ("train", "validation", "test")}
    figures = {method: _figures(method, arrays) for method in METHODS}
    caption = CAPTION.format(
        pairs=len(arrays["report/deep-align/barrier"]),
        networks=counts["test"],
        train=counts["train"],
        validation=counts["validation"],
        seconds=float(arrays["seconds"]),
    )
    rows = tuple({"method": method, **row} for method, row in figures.items())
    return Finding(
        tables=(Table(name="unseen networks", caption=caption, columns=COLUMNS, rows=rows),),
        warnings=(
            *_size_warnings(counts["train"]),
            *_gain_warnings({m: row["barrier_median"] for m, row in figures.items()}),
        ),
        pictures=(_history(arrays),),
    )


def _figures(method: str, arrays: Mapping[str, np.ndarray]) -> dict[str, float | None]:
    barrier, area, seconds = (arrays[f"report/{method}/{kind}"] for kind in ("barrier", "area", "seconds"))
    figures = {
        "barrier_median": np.median(barrier),
        "barrier_mean": np.mean(barrier),
        "area_median": np.median(area),
        "area_mean": np.mean(area),
        "seconds_per_pair": np.mean(seconds),
    }
    return {name: finite_or_none(figure) for name, figure in figures.items()}


def _size_warnings(train: int) -> list[str]:
    if train < VERY_FEW:
        return [
            f"deep-align learned from {train} networks only: from so few it learns what suits these, and on others it "
            f"gained nothing over the classical aligners; give it {FEW} or more"
        ]
    if train < FEW:
        return [f"deep-align learned from {train} networks; below {FEW} it gains less, or nothing"]
    return []


def _gain_warnings(medians: Mapping[str, float | None]) -> list[str]:
    """Return a warning if deep-align is not the best aligner."""
    learned = medians["deep-align"]
    others = {method: median for method in CLASSICAL if (median := medians[method]) is not None}
    best = min(others, key=lambda method: others[method], default=None)
    if best is None or (learned is not None and learned < others[best]):
        return []
    text = "is not finite" if learned is None else number(learned, 4)
    return [
        f"deep-align's median barrier on unseen networks, {text}, is not below that of {best}, "
        f"{number(others[best], 4)}: it does not pay here"
    ]


def _history(arrays: Mapping[str, np.ndarray]) -> Plot:
    barriers = tuple(finite_or_none(b) for b in arrays["history/barrier"])
    series = Series(label="deep-align", x=tuple(float(s) for s in arrays["history/step"]), y=barriers)
    panel = Panel(title="validation", series=(series,))
    return Plot(name="learning", caption=HISTORY, x="step", y="mean barrier", panels=(panel,))
