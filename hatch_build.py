"""The README as package indexes show it, where the repository's pictures and pages are not: nothing points at them."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"!\[[^\]]*\]\((?!https?:)[^)]*\)\n*")
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)]*\)")


def without_files(readme: str) -> str:
    """Return a README without pictures from files; the text of a link to a file stands in place of the link."""
    return LINK.sub(r"\1", PICTURE.sub("", readme))


class ReadmeOfAnIndex(MetadataHookInterface):
    """Writes the README into the metadata of wheels and sdists."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the project's README."""
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": without_files(text)}
