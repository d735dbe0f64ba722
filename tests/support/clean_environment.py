"""An environment of its own with GlobScope from a wheel, in which a stranger's commands run; nothing is downloaded."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from attrs import define
from support.paths import ROOT

INHERITED = ("purelib", "platlib")


@define(frozen=True)
class CleanEnvironment:
    """A virtual environment that sees the libraries of this one, but not GlobScope's source.

    Attributes:
        folder: The environment.
    """

    folder: Path

    def run(self, command, cwd):
        """Run a line of a shell, and return what it prints; it must succeed."""
        done = subprocess.run(
            ["sh", "-ec", command], cwd=cwd, env=self.variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    @property
    def variables(self):
        bin_ = self.folder / ("Scripts" if os.name == "nt" else "bin")
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
        # No index, and the build tools of this environment: pip may fetch nothing.
        pip = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        return plain | pip | {"VIRTUAL_ENV": str(self.folder), "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}


def clean_environment(folder):
    """Return a new environment in which GlobScope is installed from a wheel that is built here."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    environment = CleanEnvironment(folder / "env")
    site = Path(environment.run("python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))'", folder).strip())
    (site / "inherited.pth").write_text("".join(f"{sysconfig.get_path(one)}\n" for one in INHERITED))
    # pip itself is inherited too.
    pip = shutil.copy(shutil.which("true"), folder / "env/bin/pip")
    Path(pip).write_text('#!/bin/sh\nexec python -m pip "$@"\n')
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    environment.run("pip install --quiet globscope-*.whl", folder)
    return environment
