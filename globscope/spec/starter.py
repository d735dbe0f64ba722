"""The commented starter spec that `globscope init` writes."""

from importlib.resources import files
from pathlib import Path

from globscope.errors import SpecError


def write_starter(path: Path) -> None:
    """Write the starter spec.

    Raises:
        SpecError: The file exists already, or its folder does not.
    """
    if path.exists() or path.is_symlink():
        raise SpecError([f"{path}: exists already; give another name, such as globscope init other.toml"])
    if not path.parent.is_dir():
        raise SpecError([f"{path}: there is no folder {path.parent}"])
    with path.open("x", encoding="utf-8") as opened:  # not through a broken link
        opened.write(files("globscope.spec").joinpath("starter.toml").read_text("utf-8"))
