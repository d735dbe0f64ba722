"""The digits study as a user runs it: cold, warm, again, a figure less, and with the autoencoder alone.

Each case is `globscope study` in a process of its own. Cold: neither networks nor compiled functions are there, those
of pynndescent neither. Warm: functions are compiled, the folder is new. Prints a Markdown table of cases and one of
stages, in seconds that passed and processor seconds (with those of child processes, but not of a pool's workers, which
only the table of stages counts); run it on an idle machine.

    python benchmarks/study_time.py [SPEC] [--repeats 3] [--pool processes]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

ROOT = Path(__file__).parent.parent
TIMES = ("seconds", "cpu_seconds")


def command(spec: Path, folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "globscope", "study", str(spec), "--out", str(folder), "--quiet", *options]


def timed(arguments: list[str], caches: Path) -> tuple[float, float]:
    """Return the seconds and processor seconds of a command, with caches in a folder of their own."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(caches)}
    subprocess.run(arguments, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def only_autoencoder(spec: Path, folder: Path) -> Path:
    """Write the spec with its first map alone, which must be that of the autoencoder; return its path."""
    head, *maps = spec.read_text("utf-8").split("[[reducer]]\n")
    last = maps[-1].partition("\n[[sampler]]")[2]
    path = folder / "autoencoder.toml"
    path.write_text(f"{head}[[reducer]]\n{maps[0]}\n[[sampler]]{last}", "utf-8")
    return path


def stages_of(folder: Path) -> dict[str, list[float]]:
    """Return seconds and processor seconds by kind of stage."""
    totals: dict[str, list[float]] = {}
    for stage in json.loads((folder / "manifest.json").read_text("utf-8"))["stages"]:
        kind = stage["stage"] if stage["key"].startswith("reduce/") else stage["key"].partition("/")[0]
        entry = totals.setdefault(kind, [0.0, 0.0])
        for place, name in enumerate(TIMES):
            entry[place] += stage.get(name, 0.0)
    return totals


def repeat(
    spec: Path, options: list[str], folder: Path
) -> tuple[dict[str, tuple[float, float]], dict[str, list[float]]]:
    """Return the times of all cases, and those of the stages of the warm one."""
    caches, warm = folder / "caches", folder / "warm"
    times = {"cold": timed(command(spec, folder / "cold", *options), caches)}
    times["warm"] = timed(command(spec, warm, *options), caches)
    times["again, nothing changed"] = timed(command(spec, warm, *options), caches)
    (warm / "figures" / "overview.png").unlink()
    times["again, a figure is missing"] = timed(command(spec, warm, *options), caches)
    alone = only_autoencoder(spec, folder)
    times["autoencoder alone"] = timed(command(alone, folder / "alone", *options), caches)
    return times, stages_of(warm)


def print_table(title: str, runs: list[dict], total: bool = False) -> None:
    print(f"| {title} | seconds | processor seconds |\n| --- | --- | --- |")
    columns = [[median(run[name][place] for run in runs) for name in runs[0]] for place in range(len(TIMES))]
    for name, seconds, processor in zip(runs[0], *columns, strict=True):
        print(f"| {name} | {seconds:.1f} | {processor:.1f} |")
    if total:
        print(f"| sum | {sum(columns[0]):.1f} | {sum(columns[1]):.1f} |")
    print()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("spec", nargs="?", type=Path, default=ROOT / "specs" / "digits-mlp.toml")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pool", default="here")
    chosen = parser.parse_args()
    runs = []
    for _ in range(chosen.repeats):
        with TemporaryDirectory() as folder:
            runs.append(repeat(chosen.spec, ["--pool", chosen.pool], Path(folder)))
    print(f"{chosen.spec.name}, pool {chosen.pool}, {os.cpu_count()} cores, medians of {chosen.repeats}\n")
    print_table("run", [times for times, _ in runs])
    print_table("stages of the warm run", [stages for _, stages in runs], total=True)


if __name__ == "__main__":
    main()
