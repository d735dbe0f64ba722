"""The explorer's data as its page reads them, decoded in Python."""

import base64
import gzip

import numpy as np

from globscope.report.explorer.blocks import KINDS, LEVELS, Blocks
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
        return np.frombuffer(self.content, KINDS[place["kind"]], place["count"], place["at"])

    def field(self, about):
        """Return a field's values and the order of its finite samples, as `readField` in the page does."""
        if about["as"] == "exact":
            values = self.array(about["values"])
            order = np.lexsort((np.arange(len(values)), values))
            return values, order[np.isfinite(values[order])]
        levels = self.array(about["levels"]).astype(int)
        ties = np.zeros(len(levels)) if about["ties"] is None else self.array(about["ties"])
        numbers = about["low"] + levels / (LEVELS - 1) * (about["high"] - about["low"])
        values = np.where(levels == LEVELS, np.nan, np.exp(numbers) if about["log"] else numbers)
        values[self.array(about["nodes"])] = self.array(about["values"])
        order = np.lexsort((np.arange(len(levels)), ties, levels))
        return values, order[: (levels < LEVELS).sum()]
