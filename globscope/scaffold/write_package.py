"""A new package in a folder of its own."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from globscope.errors import FileError, PluginError, near
from globscope.registry import HOOKS, installed_registry
from globscope.scaffold.package_files import package_files
from globscope.scaffold.package_name import PackageName
from globscope.store import PART, discard


def write_package(name: str, role: str, folder: Path | None = None, disable: Sequence[str] = ()) -> Path:
    """Write a package with a component of a role, and return its folder, which is there whole or not at all.

    Args:
        name: Of the package; without `globscope-` in front it is the component's too.
        role: The component's.
        folder: A new folder; if unset, one of the package's name.
        disable: Names of installed distributions of which nothing is imported.

    Raises:
        PluginError: There is no such role, or the name cannot be used.
        FileError: The folder exists already, or none can be made there.
    """
    if role not in HOOKS:
        raise PluginError(f"--role: there is no role {role!r}; {near(role.lower(), HOOKS)}")
    names = PackageName.parse(name, installed_registry(disable))
    folder = folder or Path(names.distribution)
    if folder.exists() or folder.is_symlink():
        raise FileError(f"{folder}: exists already; give a new folder: --out FOLDER")
    if not folder.parent.is_dir():
        raise FileError(f"{folder}: there is no folder {folder.parent}")
    _write_whole(folder, package_files(names, role))
    return folder


def _write_whole(folder: Path, files: Mapping[str, str]) -> None:
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{PART}")
    try:
        for path, text in files.items():
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            (part / path).write_text(text, "utf-8", newline="\n")
        part.rename(folder)
    except OSError as error:
        if error.filename is not None:
            error.filename = str(folder)  # nobody knows the part's name
        raise
    finally:
        discard(part)
