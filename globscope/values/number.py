"""Numbers as people read them: in every table, picture, warning and sentence alike."""

import math


def number(value: float, digits: int = 3, whole: float = 1e15) -> str:
    """Return a number for readers: 0.0123, 12,345, 1.2e−7, ∞; integers below `whole` in full."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and abs(value) < whole:
        return f"{int(value):,}".replace("-", "−")
    return f"{value:.{digits}g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e").replace("-", "−")
