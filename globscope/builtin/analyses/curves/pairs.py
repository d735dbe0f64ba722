"""Pairs of variants, as options choose them."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from globscope.api import SpecError, near

Pairs = Sequence[tuple[str, str]]


def choose_pairs(pairs: Pairs, against: str | None, variants: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of variants: those of a list, one variant with every other, or all."""
    if pairs:
        return list(pairs)
    if against is not None:
        return [(against, other) for other in variants if other != against]
    return list(combinations(variants, 2))


def count_pairs(pairs: Pairs, against: str | None, variants: int) -> int:
    """Return the number of these pairs for so many variants."""
    return len(choose_pairs(pairs, against and "0", [str(number) for number in range(variants)]))


def pair_label(first: str, second: str) -> str:
    """Return the name of a pair for people."""
    return f"{first}–{second}"


def require_pairs(analysis: str, pairs: Pairs, against: str | None, variants: Sequence[str]) -> None:
    """Refuse pairs that do not exist.

    Raises:
        SpecError: With everything that is wrong with the pairs.
    """
    faults = [f"{analysis}{text}" for text in _faults(pairs, against, variants)]
    if faults:
        raise SpecError(faults)


def _faults(pairs: Pairs, against: str | None, variants: Sequence[str]) -> Iterator[str]:
    if len(variants) < 2:
        yield f": needs at least two variants, this population has {len(variants)}"
        return
    if pairs and against is not None:
        yield ": takes one of 'pairs' and 'against', has both"
    if against is not None and against not in variants:
        yield f".against: there is no variant {against!r}; {near(against, variants)}"
    for number, pair in enumerate(pairs):
        yield from (f".pairs.{number}{text}" for text in _pair_faults(pair, pairs[:number], variants))


def _pair_faults(pair: tuple[str, str], before: Pairs, variants: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(pair):
        if name not in variants:
            yield f": there is no variant {name!r}; {near(name, variants)}"
    if pair[0] == pair[1]:
        yield f": connects {pair[0]!r} with itself; name two variants"
    if pair in before:
        yield f": is pairs.{list(before).index(pair)} too"
