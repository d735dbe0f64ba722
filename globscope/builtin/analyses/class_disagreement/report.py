"""Disagreement by class as tables and pictures."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from globscope.api import HeatMap, Table, finite_or_none
from globscope.builtin.analyses.class_disagreement.decisions import Decisions, most_disputed

CLASSES = (
    "Networks by the classes that they decide for, on {examples:,} examples of the {split} split, one row for each "
    "right class. accuracy: mean over the {networks} networks; disagreement: share of the class' examples on which two "
    "networks decide differently, mean over the {pairs} pairs; lowest, highest: of a pair; one_right: only one of the "
    "two decides rightly; both_wrong: both decide wrongly, and differently."
)
PAIRS = (
    "Every pair of networks and every right class. disagreement: share of the class' examples on which they decide "
    "differently; one_right, other_right: only this network decides rightly; both_wrong: both decide wrongly, and "
    "differently."
)
INSTEAD = (
    "Classes that two networks say instead of each other, over all pairs. share: of all examples on which two networks "
    "disagree; per_pair: mean number of examples for each pair of networks."
)
# More rows than this are not listed; more classes and pairs than this are not drawn.
LISTED, CLASSES_DRAWN, PAIRS_DRAWN = 5000, 20, 21
Row = dict[str, Any]


def tables(decisions: Decisions, split: str) -> Iterator[Table]:
    """Yield the tables of classes, of pairs where they are not too many, and of classes that are said instead."""
    caption = CLASSES.format(
        examples=len(decisions.right), split=split, networks=len(decisions.names), pairs=len(decisions.pairs)
    )
    rows = [_class_row(decisions, place) for place in range(len(decisions.classes))]
    yield Table(name="classes", caption=caption, columns=tuple(rows[0]), rows=tuple(rows))
    if len(decisions.pairs) * len(decisions.classes) <= LISTED:
        listed = list(_pair_rows(decisions))
        yield Table(name="pairs", caption=PAIRS, columns=tuple(listed[0]), rows=tuple(listed))
    if decisions.instead:
        instead = [*_instead_rows(decisions)][:LISTED]
        yield Table(name="instead", caption=INSTEAD, columns=tuple(instead[0]), rows=tuple(instead))


def _class_row(decisions: Decisions, place: int) -> Row:
    label, shares = decisions.classes[place], decisions.disagreements[:, place]
    one, other, wrong = decisions.shares[:, place].mean(axis=0).tolist()
    return {
        "class": label,
        "examples": decisions.examples(label),
        "accuracy": float(decisions.accuracy(label).mean()),
        "disagreement": float(shares.mean()),
        "lowest": float(shares.min()),
        "highest": float(shares.max()),
        "one_right": one + other,
        "both_wrong": wrong,
    }


def _pair_rows(decisions: Decisions) -> Iterator[Row]:
    for row, (one, other) in enumerate(decisions.pairs):
        for place, label in enumerate(decisions.classes):
            first, second, wrong = decisions.shares[row, place].tolist()
            yield {
                "one": decisions.names[one],
                "other": decisions.names[other],
                "class": label,
                "examples": decisions.examples(label),
                "disagreement": float(decisions.disagreements[row, place]),
                "one_right": first,
                "other_right": second,
                "both_wrong": wrong,
            }


def _instead_rows(decisions: Decisions) -> Iterator[Row]:
    total = sum(decisions.instead.values())
    for (one, other), count in decisions.instead.items():
        yield {
            "one_class": one,
            "other_class": other,
            "share": count / total,
            "per_pair": count / len(decisions.pairs),
        }


def pictures(decisions: Decisions) -> Iterator[HeatMap]:
    """Yield disagreement by pair or network and class, and which classes are said instead of each other."""
    yield _by_class(decisions)
    if decisions.instead:
        yield _instead(decisions)


def _by_class(decisions: Decisions) -> HeatMap:
    places = most_disputed(decisions, CLASSES_DRAWN)
    whole = len(decisions.pairs) <= PAIRS_DRAWN
    if whole:
        names = [f"{decisions.names[one]} – {decisions.names[other]}" for one, other in decisions.pairs]
        values, what = decisions.disagreements, "two networks decide differently"
    else:
        names = list(decisions.names)
        values = np.stack([decisions.of_network(number) for number in range(len(names))])
        what = "a network and another one decide differently, mean over the others"
    return HeatMap(
        name="classes",
        title="Disagreement by class",
        caption=f"Share of the examples of each right class on which {what}{_left_out(decisions)}.",
        rows=tuple(names),
        columns=tuple(str(decisions.classes[place]) for place in places),
        values=tuple(tuple(finite_or_none(value) for value in row[places]) for row in values),
        label="disagreement",
        sides=("networks", "right class"),
        limits=(0.0, None),
    )


def _left_out(decisions: Decisions) -> str:
    rest = len(decisions.classes) - CLASSES_DRAWN
    return "" if rest <= 0 else f"; the {rest:,} classes with least disagreement are not drawn"


def _instead(decisions: Decisions) -> HeatMap:
    """Return the matrix of the classes that are said instead of each other, of those most often."""
    counts: dict[int, int] = {}
    for pair, count in decisions.instead.items():
        for label in pair:
            counts[label] = counts.get(label, 0) + count
    labels = sorted(sorted(counts, key=lambda label: (-counts[label], label))[:CLASSES_DRAWN])
    both = [[decisions.instead.get((min(a, b), max(a, b)), 0) / len(decisions.pairs) for b in labels] for a in labels]
    rest = len(counts) - len(labels)
    return HeatMap(
        name="instead",
        title="Classes that two networks say instead of each other",
        caption="Examples for which one network decides for one class and another network for the other, whatever is "
        f"right; mean over pairs of networks{f'; {rest:,} classes that are seldom so are not drawn' * (rest > 0)}.",
        rows=tuple(map(str, labels)),
        columns=tuple(map(str, labels)),
        values=tuple(tuple(row) for row in both),
        label="examples per pair",
        sides=("class of one network", "class of the other"),
        limits=(0.0, None),
    )
