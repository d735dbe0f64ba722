"""Quantities with the unit that a person would use."""


def duration(seconds: float) -> str:
    """Return a time in seconds, minutes, hours or days."""
    for unit, size in (("days", 86400.0), ("hours", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def memory_size(count: int) -> str:
    """Return a number of bytes in MiB or GiB."""
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:,.0f} MiB"
