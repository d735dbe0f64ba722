"""What a study's maps are worth, and what is known of every two runs, in plain words."""

from collections.abc import Mapping
from typing import Any, Literal

from attrs import asdict, define

from globscope.values.notebook import folded_html, list_html, paragraph_html, table_html

Belief = Literal["believe", "read with care", "do not read", "nothing to read"]
BELIEVE: Belief = "believe"
CARE: Belief = "read with care"
UNREADABLE: Belief = "do not read"
NOTHING: Belief = "nothing to read"
# From the best to the worst.
BELIEFS: tuple[Belief, ...] = (BELIEVE, CARE, UNREADABLE, NOTHING)

Answer = Literal["joined", "same basin", "apart", "maps disagree", "not known"]
JOINED: Answer = "joined"
SAME: Answer = "same basin"
APART: Answer = "apart"
DISAGREE: Answer = "maps disagree"
UNKNOWN: Answer = "not known"
ANSWERS: tuple[Answer, ...] = (JOINED, SAME, APART, DISAGREE, UNKNOWN)

# What a notebook shows of every two runs.
PAIR_HEADINGS = {
    "one": "first",
    "other": "second",
    "answer": "answer",
    "lowest": "highest value on the lowest known path",
    "found_by": "found by",
    "trust": "how far to trust it",
}


@define(frozen=True, kw_only=True)
class MapVerdict:
    """Whether to believe a map.

    Attributes:
        name: Name of the map.
        belief: Whether to believe it, to read it with care, or not to read it.
        shows: What it shows of the runs, in a sentence.
        reasons: Why it is not believed without reserve, and how far it is right, in clauses with their figures.
    """

    name: str
    belief: Belief
    shows: str
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return whether to believe it and why, as one line."""
        return f"{self.name}, {self.belief}: {'; '.join((self.shows, *self.reasons))}"


@define(frozen=True, kw_only=True)
class PairVerdict:
    """What is known of two runs' final networks.

    Attributes:
        one: Variant of one run.
        other: Variant of the other run.
        answer: `joined` by a measured path that stays as low as the worse of the two, the `same basin` or `apart` on
            every map that can be read and shows both, `maps disagree`, or `not known`.
        on: For each map that can be read, what its merge tree says.
        lowest: The highest loss on the lowest known path between them; None where no path is known.
        found_by: What found that path; empty where none is known.
        exact: Whether that path leads from network to network, and not between those that a map shows in their places.
        wall: How far it rises above the worse of the two networks' own losses; None where that is unknown.
        trust: How far to trust the answer, in a clause.
    """

    one: str
    other: str
    answer: Answer
    on: Mapping[str, str]
    lowest: float | None = None
    found_by: str = ""
    exact: bool = False
    wall: float | None = None
    trust: str


@define(frozen=True, kw_only=True, repr=False)
class Verdict:
    """What to believe of a study.

    Attributes:
        headline: Which maps to believe, and which not to read, in a sentence.
        maps: Every map, the most believable one first.
        field: Key of the field of which paths and basins are; empty where no map has a merge tree and no path is known.
        losses: The lowest and the highest value of that field among the runs' final networks; None where it is unknown.
        summary: What is known of the pairs of runs, in a sentence; empty where there is one run, or nothing is known.
        runs: Names of the runs.
        pairs: Every two runs, in the runs' order; of very many, only the first.
        count: How many pairs there are.
    """

    headline: str
    maps: tuple[MapVerdict, ...] = ()
    field: str = ""
    losses: tuple[float, float] | None = None
    summary: str = ""
    runs: tuple[str, ...] = ()
    pairs: tuple[PairVerdict, ...] = ()
    count: int = 0

    @property
    def record(self) -> dict[str, Any]:
        """Its JSON values by name, equal to those that are read back from a file."""
        return asdict(self, value_serializer=lambda _, __, value: list(value) if isinstance(value, tuple) else value)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Verdict":
        """Return the verdict of a study's results, from the values that `record` returned."""
        maps = tuple(MapVerdict(**{**map_, "reasons": tuple(map_["reasons"])}) for map_ in record["maps"])
        pairs = tuple(PairVerdict(**pair) for pair in record["pairs"])
        losses = None if record["losses"] is None else tuple(record["losses"])
        return cls(**{**record, "maps": maps, "pairs": pairs, "losses": losses, "runs": tuple(record["runs"])})

    def __repr__(self) -> str:
        """Return the headline and the number of pairs, without them."""
        return f"Verdict({self.headline!r}, {self.count} pairs)"

    def _repr_html_(self) -> str:
        maps = list_html("", [str(map_) for map_ in self.maps])
        pairs = folded_html("Every two runs", table_html(PAIR_HEADINGS, [asdict(pair) for pair in self.pairs]))
        return f"{paragraph_html(self.headline)}{maps}{paragraph_html(self.summary)}{pairs if self.pairs else ''}"
