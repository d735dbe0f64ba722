"""What an interpreter lacks, and wheels in a folder that bring it; nothing is installed."""

import os
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def missing(wheels: Path | None) -> list[str]:
    """Return the names that neither the interpreter nor the wheels have, those that the wheels need too."""
    from packaging.requirements import Requirement

    inside, found = dict(described(wheels)), dict[str, None]()
    asked = [Requirement(text) for text in [*project()["dependencies"], "pytest"]]
    seen = set[str]()
    while asked:
        one = asked.pop()
        name = one.name.lower().replace("_", "-")
        if str(one) in seen or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        seen.add(str(one))
        if name in inside:
            asked += [Requirement(text) for text in inside[name]]
        elif not installed(one):
            found[name] = None
    return sorted(found)


def installed(requirement: Any) -> bool:
    try:
        return requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def described(wheels: Path | None) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of every wheel with what it requires."""
    for path in sorted(wheels.glob("*.whl")) if wheels else ():
        with zipfile.ZipFile(path) as wheel:
            inside = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            about = Parser().parsestr(wheel.read(inside).decode())
        yield about["Name"].lower().replace("_", "-"), about.get_all("Requires-Dist", [])


def prepare(site: Path, wheels: Path | None) -> dict[str, str]:
    """Unpack the wheels, make this checkout's components known, and return the environment of the parts."""
    for path in sorted(wheels.glob("*.whl")) if wheels else ():
        with zipfile.ZipFile(path) as wheel:
            wheel.extractall(site)
    about = project()
    info = site / f"globscope-{about['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: globscope\nVersion: {about['version']}\n", "utf-8")
    points = "\n".join(f"{name} = {value}" for name, value in about["entry-points"]["globscope"].items())
    (info / "entry_points.txt").write_text(f"[globscope]\n{points}\n", "utf-8")
    path = os.pathsep.join([str(site), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
