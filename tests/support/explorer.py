"""The explorer's data as its page reads them, decoded in Python."""

import base64
import gzip

import numpy as np

from globscope.report.explorer.blocks import KINDS, Blocks
from globscope.report.explorer.field_data import MISSING
from globscope.report.explorer.study_data import study_data


class Decoded:
    """A study's data, and its arrays by name."""

    def __init__(self, study, places, text):
        self.study, self.places, self.content = study, places, gzip.decompress(base64.b64decode(text))

    @classmethod
    def of(cls, atlas, findings=None, record=None):
        blocks = Blocks()
        study = study_data("study", atlas, findings or {}, record or {}, blocks)
        return cls(study, blocks.places, blocks.text)

    def array(self, name):
        place = self.places[name]
        kind, count, at = place["kind"], place["count"], place["at"]
        if kind == "d2":
            low, high = np.frombuffer(self.content, "u1", 2 * count, at).astype(int).reshape(2, -1)
            return np.cumsum(low + 256 * high) % 65_536
        return np.frombuffer(self.content, KINDS[kind], count, at)

    def field(self, about):
        """Return a field's values and the order of its finite samples, as `readField` in the page does."""
        if about["as"] == "exact":
            values = self.array(about["values"])
            order = np.lexsort((np.arange(len(values)), values))
            return values, order[np.isfinite(values[order])]
        levels = self.array(about["levels"])
        ties = np.zeros(len(levels)) if not about.get("ties") else self.array(about["ties"])
        order = np.lexsort((np.arange(len(levels)), ties, levels))
        return self.values(about, levels), order[: (levels < MISSING).sum()]

    def values(self, about, levels):
        if about["as"] == "few":
            return np.append(self.array(about["values"]), np.nan)[np.minimum(levels, len(self.array(about["values"])))]
        numbers = about["low"] + levels / about["steps"] * (about["high"] - about["low"])
        values = np.where(levels == MISSING, np.nan, np.exp(numbers) if about["log"] else numbers)
        if about["nodes"]:
            values[self.array(about["nodes"])] = self.array(about["values"])
        return values
