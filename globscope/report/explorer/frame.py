"""The explorer in a notebook: the same page, in a frame."""

from html import escape
from pathlib import Path

from attrs import define


@define(frozen=True)
class Frame:
    """A page that a notebook shows in a frame, whole in the notebook's file.

    The page runs its own script, but can reach neither the notebook nor any other page.

    Attributes:
        path: Path of the page.
        height: Height of the frame in CSS pixels; its width is the cell's.
    """

    path: Path
    height: int = 800

    def _repr_html_(self) -> str:
        page = escape(self.path.read_text("utf-8"))
        rights = "allow-scripts allow-downloads allow-modals allow-popups"
        style = f"width:100%;height:{self.height}px;border:0"
        return f'<iframe sandbox="{rights}" style="{style}" title="GlobScope explorer" srcdoc="{page}"></iframe>'
