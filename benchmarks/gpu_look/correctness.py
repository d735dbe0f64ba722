"""The tests marked `gpu`, and the digits study on either device."""

import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gpu_look.looking import Look
from gpu_look.wheels import ROOT


def tests(look: Look) -> None:
    """Note how the tests marked `gpu` end, file by file."""
    begun, failed = time.perf_counter(), 0
    for path in sorted((ROOT / "tests").rglob("test_gpu*.py")):
        failed += tested(look, path, look.seconds - (time.perf_counter() - begun))
    if failed:
        raise SystemExit(f"{failed} tests failed")


def tested(look: Look, path: Path, seconds: float) -> int:
    """Note how the tests of a file end; return how many failed. Warnings of other libraries are no failures here."""
    from xml.etree import ElementTree

    out = look.folder / f"{path.stem}.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "-W", "default"]
    subprocess.run([*command, f"--junitxml={out}", path], cwd=ROOT, timeout=seconds, check=False)
    cases = list(ElementTree.parse(out).iter("testcase"))
    skipped = sum(case.find("skipped") is not None for case in cases)
    flaws = [(case, flaw) for case in cases for flaw in (*case.findall("failure"), *case.findall("error"))]
    look.note(path.name, f"{len(cases) - skipped - len(flaws)} passed, {skipped} skipped, {len(flaws)} failed")
    for case, flaw in flaws:
        look.note(f"FAILED {case.get('name')}", (flaw.get("message") or "").partition("\n")[0])
    return len(flaws)


# The digits study, on either device.

MAPS = ("kernel-pca", "autoencoder", "umap")  # the quickest first: a part that is stopped has some


def digits(look: Look) -> None:
    asked = tomllib.loads((ROOT / "specs" / "digits-mlp.toml").read_text("utf-8"))
    if look.tiny:
        asked = small(asked)
    if find_spec("gudhi") is None:
        asked.pop("topology")
        look.note("merge trees", "left out: gudhi is not there")
    maps = {one["use"]: one for one in asked["reducer"]}
    if find_spec("umap") is None and maps.pop("umap", None):
        look.note("umap", "left out: umap-learn is not there")
    chosen = [maps[name] for name in MAPS if name in maps]
    trained_there(look, asked)
    for count in range(1, len(chosen) + 1):
        compare(look, {**asked, "reducer": chosen[:count]}, members=count == 1)


def small(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the study with small networks, few epochs and coarse grids."""
    population = {"train": {**asked["population"]["train"], "epochs": 2, "save_every": 1}}
    population["variant"] = asked["population"]["variant"][-3:]
    sampler = [{**asked["sampler"][0], "resolution": 5}]
    reducer = [one for one in asked["reducer"] if one["use"] == "kernel-pca"]
    return {
        **asked,
        "task": {**asked["task"], "hidden": [8]},
        "population": population,
        "sampler": sampler,
        "reducer": reducer,
    }


def compare(look: Look, asked: Mapping[str, Any], *, members: bool) -> None:
    """Note the differences of the last map's landscape and, where asked for, of the members."""
    one, _ = studied(look, asked, "host", scored="cpu")
    # All but what was scored is the same on both devices.
    source, target = (look.folder / name / "stages" for name in ("host", "device"))
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("evaluate"))
    other, ran = studied(look, asked, "device", scored=look.device)
    used = {device for stage in other.record["manifest"]["stages"] for device in stage.get("device", ())}
    if used != {look.device} or not any(name.startswith("evaluate") for name in ran):
        raise RuntimeError(f"nothing was scored anew on {look.device}, so nothing can be compared")
    if members:
        differ(look, f"{len(one.atlas.population.members)} members", one.atlas.truth, other.atlas.truth)
    mine, theirs = (outcome.atlas.maps[-1].landscape for outcome in (one, other))
    name = f"{one.atlas.maps[-1].name}, {len(mine.samples.points)} samples"
    differ(look, name, mine.fields, theirs.fields)
    look.note(
        f"{name}, seconds of scoring",
        f"cpu {mine.seconds['evaluate']:.1f}, {look.device} {theirs.seconds['evaluate']:.1f}",
    )


def differ(look: Look, name: str, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Note the largest difference of each field where both are finite, and in how many only one is."""
    import numpy as np

    for field, values in mine.items():
        both = np.isfinite(values) & np.isfinite(theirs[field])
        apart = np.abs(values - theirs[field])[both]
        share = apart / np.maximum(np.abs(values[both]), np.finfo(float).tiny)
        share = share[apart > 0]
        alone = int((np.isfinite(values) != np.isfinite(theirs[field])).sum())
        text = f"{apart.max(initial=0):.1e}, relative {share.max(initial=0):.1e}"
        look.note(f"{name}, {field}", text + (f", {alone} finite on one device only" if alone else ""))


def trained_there(look: Look, asked: Mapping[str, Any]) -> None:
    """Note how networks that were trained on the device end, beside those trained on the CPU."""
    import numpy as np

    quick = {**asked, "reducer": [{"use": "pca"}], "sampler": [{**asked["sampler"][0], "resolution": 3}]}
    found = {}
    for name, device in (("host", "cpu"), ("there", look.device)):
        outcome, _ = studied(look, quick, name, trained=device, scored="cpu")
        rows = outcome.atlas.population.finals
        found[name] = {field: values[rows] for field, values in outcome.atlas.truth.items()}
        stages = outcome.record["manifest"]["stages"]
        seconds = sum(one["seconds"] for one in stages if one["stage"].startswith("train "))
        look.note(f"training on {device}", f"{seconds:.1f} s")
    for field, values in found["host"].items():
        apart = np.abs(values - found["there"][field]).max()
        look.note(f"trained there, {field} at the end", f"mean {values.mean():.4f}, largest difference {apart:.1e}")


def studied(
    look: Look, asked: Mapping[str, Any], name: str, *, scored: str, trained: str = "cpu"
) -> tuple[Any, list[str]]:
    """Return the values of a study, without its report, and the stages that were computed for it."""
    import tomli_w

    import globscope
    from globscope.pipeline.observer import Observer
    from globscope.pipeline.run import run
    from globscope.values.chart import Progress

    ran: list[str] = []

    class Taken(Observer):
        def stage(self, name: str) -> Progress:
            ran.append(name)
            return Progress()

    population = {**asked["population"], "train": {**asked["population"]["train"], "device": trained}}
    written = {**asked, "population": population, "evaluator": {**asked["evaluator"], "device": scored}}
    path = look.folder / f"{name}.toml"
    path.write_text(tomli_w.dumps(written), "utf-8")
    return run(globscope.load(path, folder=look.folder / name).workshop(Taken())), ran
