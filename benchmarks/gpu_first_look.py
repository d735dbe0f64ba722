"""A first look at one GPU: is what it computes right, and how fast is it? A table of one screen, within eight minutes.

    python benchmarks/gpu_first_look.py --needs                              what this interpreter lacks
    python benchmarks/gpu_first_look.py --wheels wheels --out look.json      on the machine with the GPU
    python benchmarks/gpu_first_look.py --tiny                               a check of this script on a CPU

The machine with the GPU needs Python 3.11 or later with torch, and reaches no registry. What else it lacks lies as
wheels in a folder; those that `--needs` names there are fetched on a machine that does reach one:

    python -m pip download --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_28_x86_64 \
        --platform manylinux_2_27_x86_64 --platform manylinux2014_x86_64 --dest wheels NAME …

Where numpy, scipy, scikit-learn, matplotlib and numba are there, that is 5 MB, most of it gudhi. `--needs --wheels
wheels` then names what these wheels need in turn. GlobScope itself is this checkout; nothing is installed. Without
umap-learn its map is left out, without gudhi the merge trees are, and the table says so.

Parts, each in a process and a time of its own, so that one that fails or hangs leaves the others:

- machine: the card, and what products and copies reach on it.
- convolutions: what the layers of a ResNet for CIFAR reach alone.
- training, curves, scoring: ResNet-56 on images of random bytes by GlobScope's own training and evaluator: images and
  operations a second, peak memory, and the share of time in which the device computes nothing: one minus the time of
  all kernels, by torch's profiler, over the time of as many steps without it.
- stacking: small networks one by one, recorded, and many at once.
- maps: the autoencoder on coordinates and on weights.
- tests: those marked `gpu`.
- digits: specs/digits-mlp.toml. The networks are trained and the maps made on the CPU; its members and landscapes are
  then scored on either device, and the largest difference of each field is printed. Trained on the device, they are
  other networks after a few steps, for rounding grows; of those the losses and accuracies at the end are compared.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpu_look import correctness, speed
from gpu_look.looking import Look, Notes
from gpu_look.wheels import missing, prepare

PARTS = {
    "machine": speed.machine,
    "convolutions": speed.convolutions,
    "training": speed.training,
    "curves": speed.curves,
    "scoring": speed.scoring,
    "stacking": speed.stacking,
    "maps": speed.maps,
    "tests": correctness.tests,
    "digits": correctness.digits,
}
# Of each part; the last one takes what is left.
SECONDS = {
    "machine": 20, "convolutions": 20, "training": 60, "curves": 40, "scoring": 80, "stacking": 20, "maps": 30,
    "tests": 80, "digits": 130,
}  # fmt: skip
MINUTES = sum(SECONDS.values()) / 60
WIDTH = 100


def looked(
    name: str, seconds: float, folder: Path, environment: Mapping[str, str], *, tiny: bool
) -> tuple[str, list[Any]]:
    """Run a part in a process of its own; return how it ended, and its rows."""
    path = folder / f"{name}.json"
    command = [sys.executable, __file__, "--part", name, "--out", str(path), "--seconds", f"{seconds - 5:.0f}"]
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [*command, *(["--tiny"] if tiny else [])],
            env=environment, timeout=seconds, check=False, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        sys.stderr.write(done.stderr)
        end = "done" if done.returncode == 0 else f"FAILED: {last_line(done.stderr)}"
    except subprocess.TimeoutExpired as stopped:
        sys.stderr.write((stopped.stderr or b"").decode(errors="replace"))
        end = "STOPPED: its time was over"
    rows = json.loads(path.read_text("utf-8")) if path.exists() else []
    return f"{end} ({time.perf_counter() - start:.0f} s)", rows


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "without a word"


def look_at_all(arguments: argparse.Namespace) -> int:
    """Run all parts that are asked for, print the table, and return 0 where each of them ended well."""
    begun, seconds = time.perf_counter(), 60 * arguments.minutes
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        site.mkdir()
        environment = prepare(site, arguments.wheels)
        if arguments.tiny:  # on small networks threads only wait for each other
            environment.setdefault("OMP_NUM_THREADS", "1")
        names = [name for name in PARTS if name in arguments.parts]
        for name in names:
            left = seconds - (time.perf_counter() - begun)
            share = left if name == names[-1] else min(left, SECONDS[name] * arguments.minutes / MINUTES)
            print(f"\n== {name}, at most {share:.0f} s", flush=True)
            end, rows = looked(name, max(1.0, share - 2), Path(folder), environment, tiny=arguments.tiny)
            found[name] = {"end": end, "rows": rows}
            if arguments.out:
                arguments.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    table(found)
    return int(any(not part["end"].startswith("done") for part in found.values()))


def table(found: Mapping[str, Any]) -> None:
    width = max((len(what) for part in found.values() for what, _ in part["rows"]), default=0)
    print("\n" + "=" * WIDTH)
    for name, part in found.items():
        print(f"{name}: {part['end']}")
        for what, figure in part["rows"]:
            print(f"  {what:<{width}}  {figure}")


def alone(arguments: argparse.Namespace) -> None:
    """Run one part in this process."""
    with tempfile.TemporaryDirectory() as folder:
        note = Notes(arguments.out)
        look = Look(tiny=arguments.tiny, seconds=arguments.seconds, folder=Path(folder), note=note)
        look.require_device()
        PARTS[arguments.part](look)


def read(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--wheels", type=Path, help="folder of wheels that this interpreter lacks")
    parser.add_argument("--needs", action="store_true", help="name what this interpreter and the wheels lack, and stop")
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="for everything (default: %(default)g)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="only these")
    parser.add_argument("--tiny", action="store_true", help="check this script on a CPU, with small networks")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=60.0, help=argparse.SUPPRESS)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    arguments = read(given)
    if arguments.needs:
        print(f"This interpreter lacks {', '.join(missing(arguments.wheels)) or 'nothing'}.")
        return 0
    if arguments.part:
        alone(arguments)
        return 0
    return look_at_all(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
