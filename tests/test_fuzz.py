"""Hostile specs, overrides, command lines and files: exit code 0 or 2, one line that says which, and no traceback."""

import gzip
import json
import os
import random
import re
import shutil
import struct
import tomllib
import zipfile
from io import BytesIO

import numpy as np
import pytest
import tomli_w
from support.fuzzing import (
    NUMBERS,
    ODD,
    TEXTS,
    command,
    damage,
    emptied_place,
    mutate,
    places,
    reading,
    run_forked,
    warm,
)
from support.paths import ROOT
from support.study import TINY

pytestmark = pytest.mark.slow

SPECS, RAW_SPECS, OVERRIDES, LINES, RUNS, LANDSCAPES, CHECKPOINTS, DATA = 400, 80, 180, 160, 160, 140, 120, 120
# Another number draws other cases.
SEED = os.environ.get("GLOBSCOPE_FUZZ", "")
STARTER = ROOT / "globscope/spec/starter.toml"


# After the file: the key, dotted from the top, or its table, or the key that is none in quotes; or that there are more.
KEYED = r"^error: (fuzz\.toml: (\"[^\"]*\"|[\w-]+)(\.\S+)*: |fuzz\.toml: .*(\[+[\w.-]+\]|'[^']*'|\b(key|line) )|… and)"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a tiny spec and its finished run."""
    warm()
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "tiny.toml").write_text(TINY)
    done = command(["study", "tiny.toml", "--quiet"], folder)
    assert not done.faults, done
    return folder


@pytest.fixture
def shape(place, tmp_path):
    """A function that returns a fresh copy of the finished run's folder."""
    return lambda n: shutil.copytree(place / "runs/tiny", tmp_path / f"run{n}")


def drawn(family, number):
    """Return the source of chance of one case."""
    return random.Random(f"{family} {number}{SEED}")


def faults(cases, pattern=""):
    """Return the faults of all cases: (number, what was done, ending, words it must have one of in every refusal).

    Every refusal must also match the pattern.
    """
    found, endings = [], []
    for number, what, done, named in cases:
        endings.append(done)
        wrong = list(done.faults)
        refusals = [line for line in done.err.splitlines() if done.code == 2 and line.startswith("error: ")]
        nameless = [line for line in refusals if not any(word in line for word in named)]
        wrong += [f"names none of {named}: {line[:300]!r}" for line in nameless]
        wrong += [f"names no key: {line[:300]!r}" for line in refusals if not re.search(pattern, line)]
        if wrong:
            found.append(f"{number}: {what}: {'; '.join(wrong)}\n{done.err[-1500:]}")
            print(found[-1])
    refused = sum(done.code == 2 for done in endings)
    slowest = max(done.seconds for done in endings)
    print(f"{len(endings)} cases, {refused} refused, slowest {slowest:.1f} s, {len(found)} faults")
    return found


def bases():
    return [*sorted((ROOT / "specs").glob("*.toml")), STARTER]


def written(document):
    """Return a document as TOML; the writer's own depth is not what is tested."""
    try:
        return tomli_w.dumps(document)
    except RecursionError:
        return "a = " + "[" * 999 + "]" * 999


def test_specs_with_wrong_keys_and_values(place, tmp_path):
    documents = [tomllib.loads(path.read_text("utf-8")) for path in bases()] + [tomllib.loads(TINY)] * 20

    def cases():
        for number in range(SPECS):
            chance = drawn("spec", number)
            document = json.loads(json.dumps(chance.choice(documents)))
            mutate(chance, document)
            text = written(document)
            (tmp_path / "fuzz.toml").write_text(text, "utf-8", errors="replace")
            yield number, text[-400:], command(["check", "fuzz.toml"], tmp_path), ["fuzz.toml"]

    assert not faults(cases(), KEYED)


def test_specs_with_wrong_bytes(tmp_path, place):
    texts = [path.read_bytes() for path in bases()] + [TINY.encode()] * 20

    def cases():
        for number in range(RAW_SPECS):
            chance = drawn("raw", number)
            raw = damage(chance, chance.choice(texts))
            (tmp_path / "fuzz.toml").write_bytes(raw)
            yield number, raw[-200:], command(["check", "fuzz.toml"], tmp_path), ["fuzz.toml"]

    assert not faults(cases())


def test_overrides(place):
    keys = [".".join(map(str, at)) for at in places(tomllib.loads(TINY))]
    keys += ["zoo.train.epochs", "analysis.0.use", "sampler.0.margin", "sweep.seed", "a.b.c", "", ".", "reducer.-1.use"]
    keys += ["population.checkpoints", "fidelity.field", "population.align", "reducer.9.use", "task.model", "task.data"]

    def cases():
        for number in range(OVERRIDES):
            chance = drawn("set", number)
            given = []
            for _ in range(chance.choice([1, 1, 1, 2])):
                odd = [chance.choice(NUMBERS + ODD), chance.choice(TEXTS), '["a", 1]', "{a=1}", "[" * 999]
                value = chance.choice([*odd, *chance.choices([1, 2, 3, 0.5, "A", "pca"], k=8)])
                given += ["--set", chance.choice([""] * 5 + ["="]) + f"{chance.choice(keys)}={value}"]
            given = [text.replace("\x00", "") for text in given]
            yield number, given, command(["check", "tiny.toml", *given], place), ["tiny.toml", "--set"]

    assert not faults(cases())


def test_command_lines(place):
    commands = ["study", "check", "init", "schema", "plugins", "data", "show", "project", "compare", "topology"]
    commands += ["export", "align", "align train", "no-such"]
    paths = ["", ".", "..", "/", "/dev/null", "tiny.toml", "runs/tiny", "runs", "runs/tiny/results.json", "nothing"]
    paths += ["a\nb", "\u202e", "x" * 300, "runs/tiny/spec.toml", "-", "--", "runs/tiny/landscapes", "~nobody/x", "é/ü"]
    options = ["--out", "--set", "--json", "--format", "--persistence", "--raw", "--field", "--backend", "--adjacency"]
    options += ["--quiet", "--to", "--no-such", "-q", "-y", "--version"]
    values = [
        "",
        "csv",
        "vtk",
        "hdf5",
        "nan",
        "-1",
        "1e999",
        "ttk",
        "gudhi",
        "tiny.toml",
        "seed=1",
        "x" * 5000,
        "\x1b[2J",
    ]

    def cases():
        for number in range(LINES):
            chance = drawn("line", number)
            name = chance.choice(commands)
            line = name.split() + chance.choices(paths, k=chance.choice([0, 1, 1, 2]))
            for option in chance.choices(options, k=chance.choice([0, 0, 1, 2])):
                line += [option, chance.choice(values)]
            if name == "study" and "-q" not in line:  # not a run of what is valid, which takes its time
                line += ["--set", "seed=no"]
            if name == "data":
                line = ["data", chance.choice(values)]
            if name in ("study", "align train", "init") or "--out" in line:
                line += ["--no-such"] * (chance.random() < 0.3)
            folder = shutil.copytree(place, place.parent / f"line{number}", symlinks=True)
            yield number, line, command(line, folder), ["error: "]
            shutil.rmtree(folder)

    assert not faults(cases())


def test_files_of_a_run(shape, place):
    def cases():
        for number in range(RUNS):
            chance = drawn("run", number)
            folder = shape(number)
            files = sorted(
                p for p in folder.rglob("*") if p.is_file() and p.suffix in (".json", ".npz", ".csv", ".toml")
            )
            files = [p for p in files if "stages" not in p.parts]
            victim = chance.choice([*files, folder / "results.json", folder / "manifest.json"])
            kind = chance.choice(["bytes"] * 8 + ["gone", "folder", "link", "loop"])
            raw = victim.read_bytes()
            emptied_place(folder, victim.relative_to(folder))
            if kind == "bytes":
                victim.write_bytes(damage(chance, raw))
            elif kind == "folder":
                victim.mkdir()
            elif kind != "gone":
                victim.symlink_to(victim.name if kind == "loop" else "nowhere")
            asked = chance.choice(
                [
                    ["show", folder.name],
                    ["show", folder.name, "--json"],
                    ["export", folder.name, "--format", "csv", "--format", "landscaper", "--format", "hdf5"],
                    ["export", folder.name, "--format", "vtk"],
                    ["compare", folder.name, str(place / "runs/tiny")],
                ]
            )
            yield number, (asked, victim.name, kind), command(asked, folder.parent), [folder.name]
            shutil.rmtree(folder)

    assert not faults(cases())


def landscapes(place, folder):
    """Return one file of every kind of landscape that is read."""
    import h5py

    grid = np.random.default_rng(0).random((6, 5))
    axes = np.stack([np.linspace(-1, 1, 5), np.linspace(0, 1, 5)])
    np.savez(folder / "lattice.npz", values=grid)
    np.savez_compressed(folder / "scattered.npz", points=grid[:, :2], values=grid[:, 0])
    np.savez(folder / "landscaper.npz", loss=grid[:5, :5], coordinates=axes)
    with h5py.File(folder / "classic.h5", "w") as file:
        for name, value in {"xcoordinates": axes[0], "ycoordinates": axes[1], "train_loss": grid[:5]}.items():
            file[name] = value
    shutil.copy(next((place / "runs/tiny/landscapes").glob("*.npz")), folder / "run.npz")
    return [*sorted(folder.glob("*.npz")), folder / "classic.h5"]


def test_landscape_files(place, tmp_path):
    files = [(path.suffix, path.read_bytes()) for path in landscapes(place, tmp_path)]

    def cases():
        for number in range(LANDSCAPES):
            chance = drawn("landscape", number)
            suffix, raw = chance.choice(files)
            path = tmp_path / f"fuzz{suffix}"
            path.write_bytes(damage(chance, raw))
            yield number, suffix, command(["topology", path.name, "--json"], tmp_path), [path.name, "--field"]

    assert not faults(cases())


def checkpoints(folder):
    """Return one checkpoint of every format that is read."""
    import torch
    from safetensors.torch import save_file

    tensors = {"layer.weight": torch.ones(3, 4), "layer.bias": torch.zeros(3), "count": torch.tensor(7)}
    torch.save({"model": tensors, "epoch": 3}, folder / "new.pt")
    torch.save(tensors, folder / "old.pt", _use_new_zipfile_serialization=False)
    save_file(tensors, folder / "plain.safetensors")
    index = {"metadata": {}, "weight_map": dict.fromkeys(tensors, "plain.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return ["new.pt", "old.pt", "plain.safetensors", "model.safetensors.index.json"]


def test_checkpoints(place, tmp_path):
    from globscope.population.checkpoint import read_checkpoint

    names = checkpoints(tmp_path)
    raws = {name: (tmp_path / name).read_bytes() for name in names}

    def cases():
        for number in range(CHECKPOINTS):
            chance = drawn("checkpoint", number)
            name = chance.choice(names)
            (tmp_path / name).write_bytes(damage(chance, raws[name]))
            yield (
                number,
                name,
                run_forked(reading(read_checkpoint, tmp_path / name), tmp_path),
                [name, "plain.safetensors"],
            )
            (tmp_path / name).write_bytes(raws[name])

    assert not faults(cases())


def data_sets(folder):
    """Return one folder or file of every kind of data that is read, with its files."""
    from PIL import Image

    chance = np.random.default_rng(1)
    for name in ("idx", "cifar", "tree"):
        (folder / name).mkdir()
    for prefix in ("train", "t10k"):
        images = struct.pack(">HBB3I", 0, 8, 3, 6, 8, 8) + chance.bytes(6 * 64)
        labels = struct.pack(">HBBI", 0, 8, 1, 6) + bytes([0, 1, 2, 0, 1, 2])
        (folder / "idx" / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / "idx" / f"{prefix}-labels-idx1-ubyte").write_bytes(labels)
    for name in [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]:
        rows = b"".join(bytes([n % 10]) + chance.bytes(3072) for n in range(10))
        (folder / "cifar" / name).write_bytes(rows)
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for split in ("train", "test"):
            for number in range(4):
                held = BytesIO()
                Image.fromarray(chance.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(held, "png")
                archive.writestr(f"{split}/{'ab'[number % 2]}/{number}.png", held.getvalue())
                (folder / "tree" / split / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
                (folder / "tree" / split / "ab"[number % 2] / f"{number}.png").write_bytes(held.getvalue())
    inputs, targets = chance.random((8, 4), dtype=np.float32), np.arange(8) % 2
    np.savez(folder / "data.npz", x_train=inputs, y_train=targets, x_test=inputs, y_test=targets)
    return {name: sorted(p for p in (folder / name).rglob("*") if p.is_file()) for name in ("idx", "cifar", "tree")} | {
        name: [folder / name] for name in ("images.zip", "data.npz")
    }


def test_data_files(place, tmp_path, registry):
    sets = data_sets(tmp_path)
    task = registry.role("task")["classification"].cls

    def build(path):
        task(data="files", path=path, hidden=(4,)).build("cpu")

    for name in sets:
        whole = run_forked(reading(build, tmp_path / name), tmp_path)
        assert (whole.code, whole.err) == (0, ""), (name, whole)

    def cases():
        for number in range(DATA):
            chance = drawn("data", number)
            name = chance.choice(sorted(sets))
            victim = chance.choice(sets[name])
            raw = victim.read_bytes()
            victim.write_bytes(damage(chance, raw))
            yield number, (name, victim.name), run_forked(reading(build, tmp_path / name), tmp_path), [name]
            victim.write_bytes(raw)

    assert not faults(cases())


def test_there_are_a_thousand_cases():
    assert SPECS + RAW_SPECS + OVERRIDES + LINES + RUNS + LANDSCAPES + CHECKPOINTS + DATA >= 1000
