"""The data of an explorer, read back from its page, so that one page can show several runs.

They are in the page alone, and in no second file that could differ from it. The page is a stranger's: its data are
parsed with bounds, what it says of its arrays is checked, and nothing of it is run or copied as HTML.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define
from matplotlib import colormaps

from globscope.errors import FileError
from globscope.reading import json_value, read_scripts, unpack_base64
from globscope.report.explorer.blocks import KINDS
from globscope.report.explorer.study_data import FORMAT
from globscope.spec.style import DEPTH as OURS

# The page's elements that hold the data.
STUDIES = 'type="application/json" id="studies"'
ARRAYS = 'type="application/octet-stream" class="arrays"'
WHAT = "an explorer.html that `globscope study` wrote"


@define(frozen=True)
class ExplorerStudy:
    """One study of an explorer.

    Attributes:
        data: What `study_data` describes, with the `places` of its arrays.
        content: Its arrays, compressed, as text.
    """

    data: dict[str, Any]
    content: str

    def with_name(self, name: str) -> "ExplorerStudy":
        """Return the study under another name, by which the page tells it from others."""
        return ExplorerStudy({**self.data, "title": name}, self.content)


def read_explorer(path: Path) -> list[ExplorerStudy]:
    """Return the studies of an explorer's page.

    Raises:
        FileError: The file is none, is damaged, or is of another version of GlobScope.
    """
    texts, contents = read_scripts(path, STUDIES, WHAT), read_scripts(path, ARRAYS, WHAT)
    studies = json_value(path, texts[0], WHAT) if len(texts) == 1 else None
    if not isinstance(studies, list) or len(studies) != len(contents) or not all(map(_is_study, studies)):
        raise FileError(f"{path}: is damaged, or no explorer; expected {WHAT}")
    for study, content in zip(studies, contents, strict=True):
        if study.get("format") != FORMAT:
            raise FileError(
                f"{path}: is of another version of GlobScope (format {study.get('format')}, where {FORMAT} is read); "
                "the same `globscope study` command writes it again"
            )
        if study.get("colours", OURS) not in {OURS, *colormaps}:
            raise FileError(f"{path}: is damaged (there is no colour map {study['colours']!r}); expected {WHAT}")
        _check_places(path, study["places"], len(unpack_base64(path, content, WHAT)))
    return [
        ExplorerStudy(study, content.decode("ascii").strip())
        for study, content in zip(studies, contents, strict=True)
    ]  # fmt: skip


def _is_study(value: Any) -> bool:
    """Whether a value has the parts by which any version's data are known."""
    parts = {"title": str, "maps": list, "places": dict}
    return isinstance(value, dict) and all(isinstance(value.get(name), kind) for name, kind in parts.items())


def _check_places(path: Path, places: Mapping[str, Any], size: int) -> None:
    """Refuse arrays that reach beyond their block: the page would stop at the first of them."""
    for name, place in places.items():
        try:
            at, count, width = int(place["at"]), int(place["count"]), int(KINDS[place["kind"]][-1])
        except (KeyError, TypeError, ValueError):
            raise FileError(f"{path}: is damaged (array {name!r} has no place); expected {WHAT}") from None
        if at < 0 or count < 0 or at + count * width > size:
            raise FileError(f"{path}: is damaged (array {name!r} lies beyond the end); expected {WHAT}")
