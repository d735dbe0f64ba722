"""Blocks of the D columns, to process a population that does not fit into memory."""


def column_blocks(width: int, rows: int) -> list[slice]:
    """Return slices of the D columns, small enough that their float64 copies fit in about 32 MB."""
    step = max(1, min(width, 4_000_000 // max(rows, 1)))
    return [slice(start, min(start + step, width)) for start in range(0, width, step)]
