"""Make the pictures of the docs: python docs/pictures.py [PICTURE …] [--runs FOLDER].

Each is put together from figures of finished studies. A study that is in the folder of runs (`runs/docs`) is only
drawn again; the others are run first, which takes from seconds (digits) to hours (pinn, residual): name the pictures
that you need.
For data elsewhere than where `globscope data` puts them, name the pictures of one study and add `--set task.path=…`.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from attrs import define
from PIL import Image

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
# The widest picture, in pixels: a page of docs shows less than a thousand.
WIDEST = 1300


@define(frozen=True)
class Run:
    """A study: its spec in `specs/`, settings of the command line, and text that is added to the spec."""

    spec: str
    settings: tuple[str, ...] = ()
    added: str = ""


@define(frozen=True)
class Picture:
    """A picture: figures of one run, side by side or one below the other."""

    run: str
    figures: tuple[str, ...]
    below: bool = False


ANALYSES = """
[[analysis]]
use = "similarity"

[[analysis]]
name = "similarity-all"
use = "similarity"
members = "all"

[[analysis]]
use = "low-loss-pass"
reducers = ["autoencoder"]
"""
STABILITY = """
[[analysis]]
use = "stability"
reducers = ["autoencoder", "kernel-pca"]
"""
RUNS = {
    "digits": Run("digits-mlp"),
    "digits-analyses": Run("digits-mlp", added=ANALYSES),
    "digits-stability": Run("digits-mlp", added=STABILITY),
    "digits-3d": Run("digits-mlp", ("reducer.0.latent_dim=3", "sampler.0.resolution=15")),
    "connectivity": Run("digits-connectivity"),
    "aligned": Run("digits-aligned"),
    "rebasin": Run("digits-rebasin"),
    "dimension": Run("digits-dimension-quick"),
    "mnist": Run("mnist-mlp"),
    "unet": Run("unet-training"),
    "pinn": Run("pinn-convection"),
    "residual": Run("resnet20-residual"),
    "resnet20": Run("resnet20-small"),
    "resnet56": Run("resnet56-quick"),
}
PICTURES = {
    "overview": Picture("digits", ("overview",)),
    "profiles": Picture("digits", ("profiles",)),
    "isosurfaces": Picture("digits-3d", ("autoencoder-isosurfaces",)),
    "similarity": Picture("digits-analyses", ("similarity-cka", "similarity-disagreement")),
    "similarity-distances": Picture("digits-analyses", ("similarity-all-distances",)),
    "passes": Picture(
        "digits-analyses", ("low-loss-pass-passes-on-autoencoder", "low-loss-pass-losses-on-autoencoder")
    ),
    "stability": Picture("digits-stability", ("stability-fits", "stability-shared-kernel-pca")),
    "mode-connectivity": Picture(
        "connectivity", ("mode-connectivity-curves-unseen", "mode-connectivity-curves-on-autoencoder")
    ),
    "linear-barrier": Picture("connectivity", ("linear-barrier-barriers",)),
    "mnist-mlp": Picture("mnist", ("overview",)),
    "aligned": Picture("aligned", ("overview",)),
    "rebasin": Picture("rebasin", ("rebasin-weight-matching-on-autoencoder",)),
    "dimension": Picture("dimension", ("dimension-persistence-against-dimension",)),
    "unet-profiles": Picture("unet", ("profiles-training-loss",)),
    "pinn-profiles": Picture("pinn", ("profiles",)),
    "pinn-error": Picture("pinn", ("mean-relative-error",)),
    "residual-profiles": Picture("residual", ("profiles-training-loss",)),
    "resnet20-small": Picture("resnet20", ("overview",)),
    "resnet56-quick": Picture("resnet56", ("autoencoder-landscape",)),
}


def main() -> None:
    """Make the pictures that the command line names, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", metavar="PICTURE")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "docs")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE")
    chosen = parser.parse_args()
    names = chosen.pictures or list(PICTURES)
    for run in dict.fromkeys(PICTURES[name].run for name in names):
        draw(run, chosen.runs / run, chosen.settings)
    for name in names:
        picture = PICTURES[name]
        make(picture, chosen.runs / picture.run / "figures", IMAGES / f"{name}.png")


def draw(name: str, folder: Path, settings: list[str]) -> None:
    """Run a study, or draw its report again."""
    run = RUNS[name]
    spec = ROOT / "specs" / f"{run.spec}.toml"
    if run.added:
        folder.parent.mkdir(parents=True, exist_ok=True)
        text = spec.read_text("utf-8") + run.added
        spec = folder.with_suffix(".toml")
        spec.write_text(text, "utf-8")
    options = [part for one in (*run.settings, *settings) for part in ("--set", one)]
    command = [sys.executable, "-m", "globscope", "study", str(spec), "--out", str(folder), "--yes", "--quiet"]
    subprocess.run([*command, *options], check=True)  # noqa: S603 - our own command


def make(picture: Picture, figures: Path, path: Path) -> None:
    """Put figures together, and write them as one picture."""
    parts = [Image.open(figures / f"{name}.png").convert("RGB") for name in picture.figures]
    if picture.below:
        size = max(one.width for one in parts), sum(one.height for one in parts)
    else:
        size = sum(one.width for one in parts), max(one.height for one in parts)
    whole, at = Image.new("RGB", size, "white"), 0
    for one in parts:
        whole.paste(one, (0, at) if picture.below else (at, 0))
        at += one.height if picture.below else one.width
    whole.thumbnail((WIDEST, WIDEST), Image.Resampling.LANCZOS)
    whole.save(path, optimize=True)


if __name__ == "__main__":
    main()
