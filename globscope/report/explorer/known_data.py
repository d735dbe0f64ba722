"""What the explorer knows of the figures that a table has of networks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from globscope.report.explorer.blocks import Blocks
from globscope.report.style.figure_colours import figure_colours
from globscope.values.members import Member


def known_data(members: Sequence[Member], first: str | None, blocks: Blocks) -> dict[str, Any]:
    """Return the figures with their colours, and the number of the one that is shown first, as `study_data` says."""
    figures = [member.figures for member in members]
    names = list(dict.fromkeys(name for one in figures for name in one))
    return {
        "known": [_figure(name, figures, blocks) for name in names],
        "figure": names.index(first) if first in names else -1,
    }


def _figure(name: str, figures: Sequence[Mapping[str, float | str]], blocks: Blocks) -> dict[str, Any]:
    drawn, values = figure_colours(name, figures), [one.get(name) for one in figures]
    colours = np.array([int(colour[1:], 16) for colour in drawn.of_members])
    about = {
        "name": name,
        "key": [[words, colour] for words, colour in drawn.key.items()],
        "colours": blocks.add(f"known/{name}/colours", colours, "u4"),
    }
    if any(isinstance(value, str) for value in values):
        return about | {"texts": ["" if value is None else str(value) for value in values]}
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    return about | {"values": blocks.add(f"known/{name}/values", numbers, "f8")}
