"""Scatter plots of the figures of a sweep's cells."""

from collections.abc import Iterator, Mapping, Sequence

from globscope.report.style.text import count_noun, join_words
from globscope.sweep.relations import Relation
from globscope.values.pictures import Panel, Plot, Series
from globscope.values.rank_correlation import FEWEST

CAPTION = (
    "Every point is a cell. Above each panel: Spearman's rank correlation with {name} (1: same order, −1: opposite "
    "order), its interval, and n, the number of cells."
)
# The most values of the first key that have colours of their own.
COLOURS = 8


def plots(relations_: Sequence[Relation], names: Mapping[str, str]) -> Iterator[Plot]:
    """Yield a scatter plot for every figure on a vertical axis, with a panel for each other; `names` are for people.

    With fewer cells than an interval needs, an order is chance: such a relation has no panel.
    """
    for against in dict.fromkeys(relation.against for relation in relations_):
        name = names.get(against, against)
        panels = tuple(
            Panel(title=relation.title, series=tuple(_series(relation)), x=names.get(relation.of, relation.of))
            for relation in relations_
            if relation.against == against and len(relation.x) >= FEWEST
        )
        if panels:
            yield Plot(
                name=f"relations with {name}",
                title=f"What goes together with {name}",
                caption=CAPTION.format(name=name),
                x="",
                y=name,
                panels=panels,
            )


def omissions(relations_: Sequence[Relation], names: Mapping[str, str]) -> str:
    """Return in sentences which relations have no picture, or no row either, and why; `names` are for people."""
    few = [one for one in relations_ if len(one.x) < FEWEST]
    pairs = dict.fromkeys((figure, one.of) for one in relations_ for figure in one.alike)
    repeated = [f"{names.get(figure, figure)} (as {names.get(of, of)})" for figure, of in pairs]
    sentences = [f"Left out, since they rank the cells alike: {join_words(repeated)}."] * bool(repeated)
    if few:
        count = count_noun(len(few), "relation has", "relations have")
        sentences.append(f"{count} fewer than {FEWEST} cells and no picture: so few are often in order by chance.")
    return " ".join(sentences)


def _series(relation: Relation) -> Iterator[Series]:
    groups = list(dict.fromkeys(relation.groups))
    groups = groups if len(groups) <= COLOURS else []
    for group in groups or ["cells"]:
        rows = [row for row, value in enumerate(relation.groups) if not groups or value == group]
        yield Series.of(group, relation.x[rows], relation.y[rows], "points")
