"""What sentences of the verdict have in common: lists of names, shares, and verbs that agree with a count."""

# At most so many runs or maps are named.
NAMED = 5


def names(listed: tuple[str, ...]) -> str:
    """Return one or more names as text: the first five, and the number of the others."""
    shown = listed if len(listed) <= NAMED else (*listed[:NAMED], f"{len(listed) - NAMED} more")
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def share(part: float) -> str:
    """Return a share in per cent; one that is not 0 never reads as 0 %, nor one that is not whole as 100 %."""
    if 0 < part < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 <= part < 1 else f"{part:.0%}"


def verb(count: int, one: str, several: str) -> str:
    """Return the verb of one or of several."""
    return one if count == 1 else several
