"""Make the pictures of the docs: python docs/pictures.py [PICTURE …] [--runs FOLDER].

Each is put together from figures of finished studies. A study that is in the folder of runs (`runs/docs`) is only
drawn again; the others are run first, which takes from seconds (digits) to hours (pinn, residual): name the pictures
that you need.
The picture of the explorer is taken in a browser: it needs playwright and Chromium.
For data elsewhere than where `globscope data` puts them, name the pictures of one study and add `--set task.path=…`.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import define
from PIL import Image, ImageColor

from globscope.report.style.palette import SADDLE, VARIANTS

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
# The widest picture, in pixels: a page of docs shows less than a thousand; and the colours of one of a whole page.
WIDEST, COLOURS = 1300, 200


# Of Chromium, which has no sandbox as root in a container, and otherwise asks hosts for updates.
ARGUMENTS = ("--no-sandbox", "--disable-background-networking")


@define(frozen=True)
class Run:
    """A study: its spec in `specs/`, and settings of the command line."""

    spec: str
    settings: tuple[str, ...] = ()


@define(frozen=True)
class Picture:
    """A picture: figures of one run, side by side or one below the other."""

    run: str
    figures: tuple[str, ...]
    below: bool = False


@define(frozen=True)
class Screenshot:
    """What a browser shows of the explorer of a run, with what its address chooses."""

    run: str
    choices: str
    width: int = 1440
    height: int = 1080


ANALYSES = (
    'analysis=[{use="similarity"},{name="similarity-all",use="similarity",members="all"},'
    '{use="low-loss-pass",reducers=["autoencoder"]}]'
)
STABILITY = 'analysis=[{use="stability",reducers=["autoencoder","kernel-pca"]}]'
LEVEL_SETS = 'analysis=[{use="level-sets"},{use="tree-significance"}]'
# Of the published ResNet-56 the one without residual connections.
PLAIN = (
    "task.model_options.residual=false",
    'population.checkpoints="~/data/loss-landscape/resnet56_noshort*/model_{step}.t7"',
)
# Scored with statistics of BatchNorm that belong to each sample of the plane.
OWN = (
    "evaluator.batch_norm=recalibrate",
    "evaluator.calibration_examples=128",
    "evaluator.calibration=fused",
    "evaluator.batch_size=256",
)
# Of the packages under plugins/, which have to be installed.
PLUGIN_MAPS = (
    'reducer=[{use="autoencoder"},{use="flow"},'
    '{name="grid density",use="autoencoder",terms=[{use="globscope_geometry:grid_density",weight=0.001}]},'
    '{name="loss gap",use="autoencoder",terms=[{use="globscope_geometry:loss_gap",weight=0.01}]}]'
)
RUNS = {
    "digits": Run("digits-mlp"),
    "digits-analyses": Run("digits-mlp", (ANALYSES,)),
    "digits-level-sets": Run("digits-mlp", (LEVEL_SETS,)),
    "digits-stability": Run("digits-mlp", (STABILITY,)),
    "digits-plugins": Run("digits-mlp", (PLUGIN_MAPS,)),
    "digits-3d": Run("digits-mlp", ("reducer.0.latent_dim=3", "sampler.0.resolution=15")),
    "connectivity": Run("digits-connectivity"),
    "aligned": Run("digits-aligned"),
    "rebasin": Run("digits-rebasin"),
    "aligners": Run("digits-aligners"),
    "dimension": Run("digits-dimension-quick"),
    "control": Run("digits-control"),
    "layouts": Run("digits-layouts"),
    "merging": Run("digits-merging"),
    "critical-points": Run(
        "digits-mlp",
        ('reducer=[{use="autoencoder"}]', 'sampler=[{use="critical-points",starts=8,images=5,tolerance=0.03}]'),
    ),
    "slices": Run("digits-slices"),
    "slices-gradient": Run(
        "digits-slices", ('report.field="train_gradient_norm"', 'topology.0.field="train_gradient_norm"')
    ),
    "layers": Run("digits-layers"),
    "spectrum": Run("digits-spectrum"),
    "mnist": Run("mnist-mlp"),
    "unet": Run("unet-training"),
    "pinn": Run("pinn-convection"),
    "pinn-reaction": Run("pinn-reaction"),
    "pinn-burgers": Run("pinn-burgers"),
    "residual": Run("resnet20-residual"),
    "resnet20": Run("resnet20-small"),
    "resnet56": Run("resnet56-quick"),
    "vit": Run("vit-small"),
    "published-residual": Run("resnet56-published"),
    "published-plain": Run("resnet56-published", PLAIN),
    "published-plain-own": Run("resnet56-published", (*PLAIN, *OWN)),
}
PICTURES = {
    "overview": Picture("digits", ("overview",)),
    "seven-valleys": Picture("digits", ("autoencoder-landscape", "autoencoder-profile")),
    "profiles": Picture("digits", ("profiles",)),
    "plugin-maps": Picture("digits-plugins", ("overview",)),
    "isosurfaces": Picture("digits-3d", ("autoencoder-isosurfaces",)),
    "similarity": Picture("digits-analyses", ("similarity-cka", "similarity-disagreement")),
    "similarity-distances": Picture("digits-analyses", ("similarity-all-distances",)),
    "layer-similarity": Picture("layers", ("layer-similarity-layers", "layer-similarity-grid-2")),
    "class-disagreement": Picture("layers", ("class-disagreement-classes", "class-disagreement-instead")),
    "level-sets": Picture(
        "digits-level-sets", ("level-sets-trees-on-autoencoder", "level-sets-barcode-on-autoencoder"), below=True
    ),
    "passes": Picture(
        "digits-analyses", ("low-loss-pass-passes-on-autoencoder", "low-loss-pass-losses-on-autoencoder")
    ),
    "stability": Picture("digits-stability", ("stability-fits", "stability-shared-kernel-pca")),
    "mode-connectivity": Picture(
        "connectivity", ("mode-connectivity-curves-unseen", "mode-connectivity-curves-on-autoencoder")
    ),
    "linear-barrier": Picture("connectivity", ("linear-barrier-barriers",)),
    "control": Picture("control", ("overview",)),
    "layouts": Picture("layouts", ("overview",)),
    "merging": Picture("merging", ("merging-merged-pairs", "simplex-landscape")),
    "critical-points": Picture("critical-points", ("autoencoder-network", "autoencoder-landscape")),
    "hessian-slices": Picture("slices", ("overview",)),
    "gradient-norm": Picture("slices-gradient", ("as-they-are-landscape",)),
    "mnist-mlp": Picture("mnist", ("overview",)),
    "aligned": Picture("aligned", ("overview",)),
    "rebasin": Picture("rebasin", ("rebasin-weight-matching-on-autoencoder",)),
    "repaired-lines": Picture("aligners", ("rebasin-repaired-lines",)),
    "dimension": Picture("dimension", ("dimension-persistence-against-dimension",)),
    "spectrum": Picture("spectrum", ("curvature-spectral-density", "gauss-newton-spectral-density"), below=True),
    "eigenvalue-counts": Picture("spectrum", ("curvature-eigenvalue-counts",)),
    "unet-scores": Picture("unet", ("mean-test-accuracy-at-the-slice-s-centre", "mean-test-iou-at-the-slice-s-centre")),
    "unet-depth": Picture("unet", ("mean-value-range",)),
    "unet-profiles": Picture("unet", ("profiles-training-loss-seed-0",)),
    "pinn-profiles": Picture("pinn", ("profiles-training-loss-learning-rate-0-001",)),
    "pinn-error": Picture("pinn", ("mean-test-relative-l2-error-at-the-slice-s-centr",)),
    "pinn-reaction": Picture("pinn-reaction", ("profiles-training-loss",)),
    "pinn-burgers": Picture(
        "pinn-burgers", ("profiles-residual-training-residual-loss", "profiles-initial-training-initial-loss")
    ),
    "residual-profiles": Picture("residual", ("profiles-random-training-loss",)),
    "resnet20-small": Picture("resnet20", ("overview",)),
    "resnet56-quick": Picture("resnet56", ("autoencoder-landscape",)),
    "vit-small": Picture("vit", ("overview",)),
    "resnet56-residual": Picture("published-residual", ("random-landscape",)),
    "resnet56-plain": Picture("published-plain", ("random-landscape",)),
    "resnet56-plain-own": Picture("published-plain-own", ("random-landscape",)),
    "explorer": Screenshot("digits", '#from=["A",40,"trained"]&to=["B",40,"trained"]'),
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
        picture, path = PICTURES[name], IMAGES / f"{name}.png"
        if isinstance(picture, Screenshot):
            take(picture, chosen.runs / picture.run / "explorer.html", path)
        else:
            make(picture, chosen.runs / picture.run / "figures", path)


def draw(name: str, folder: Path, settings: list[str]) -> None:
    """Run a study, or draw its report again."""
    run = RUNS[name]
    spec = ROOT / "specs" / f"{run.spec}.toml"
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


def take(screenshot: Screenshot, page: Path, path: Path) -> None:
    """Open a page in a browser, and write what it shows as a picture."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        shown = browser.new_page(viewport={"width": screenshot.width, "height": screenshot.height})
        shown.goto(page.absolute().as_uri() + screenshot.choices)
        shown.wait_for_selector("html[data-ready]", state="attached")
        shown.wait_for_timeout(1000)  # the small maps come a little later
        shown.screenshot(path=f"{folder}/shown.png")
        browser.close()
        whole = Image.open(f"{folder}/shown.png").convert("RGB")
    whole.thumbnail((WIDEST, WIDEST), Image.Resampling.LANCZOS)
    with_few_colours(whole).save(path, optimize=True)  # whole pages are large


def with_few_colours(whole: Image.Image) -> Image.Image:
    """Return a picture of its most frequent colours and those of runs and saddles, of which there are few pixels."""
    rare = [channel for colour in (*VARIANTS, SADDLE) for channel in ImageColor.getrgb(colour)]
    palette = Image.new("P", (1, 1))
    palette.putpalette((whole.quantize(COLOURS).getpalette() or [])[: 3 * COLOURS] + rare)
    return whole.quantize(palette=palette, dither=Image.Dither.NONE)


if __name__ == "__main__":
    main()
