"""Pictures inside the page, so that it is one file that can be sent to somebody."""

import base64
from collections.abc import Iterable
from pathlib import Path

from attrs import define

from globscope.report.page.gallery import Shown

# The most bytes of a page's pictures: mail servers refuse messages of 20 to 25 MB.
MOST = 15_000_000
TYPES = {".svg": "image/svg+xml", ".png": "image/png"}


@define(frozen=True, kw_only=True)
class EmbeddedPictures:
    """The pictures of a page as text.

    Attributes:
        sources: What an image's `src` says, by the picture's path: the picture itself, or its file where the page would
            become too large.
        left_out: How many are in their files only.
    """

    sources: dict[str, str]
    left_out: int = 0

    @classmethod
    def of(cls, folder: Path, pictures: Iterable[Shown], most: int = MOST) -> "EmbeddedPictures":
        """Return the pictures of a folder; in the page's order, as many as fit into `most` bytes.

        Each is embedded as its SVG or its PNG, whichever is smaller: an SVG is sharp at any size, but a landscape of
        many cells is larger than its pixels.
        """
        sources, room, left_out = dict[str, str](), most, 0
        for shown in pictures:
            files = [folder / f"{shown.path}{suffix}" for suffix in TYPES]
            smallest = min((path for path in files if path.is_file()), key=lambda path: path.stat().st_size)
            source = f"data:{TYPES[smallest.suffix]};base64,{base64.b64encode(smallest.read_bytes()).decode()}"
            room -= len(source)
            if room < 0:
                room += len(source)
                source, left_out = f"{shown.path}.png", left_out + 1
            sources[shown.path] = source
        return cls(sources=sources, left_out=left_out)

    @property
    def note(self) -> str:
        """What the page needs beside it, in a sentence."""
        links = "Links to tables, the explorer and single pictures work where it lies in its run folder."
        if not self.left_out:
            return f"This page is one file and needs no network. {links}"
        return (
            f"With all pictures the page would be too large to send: {self.left_out} of {len(self.sources)} are not in "
            f"it, but in the folder figures beside it. It needs no network. {links}"
        )
