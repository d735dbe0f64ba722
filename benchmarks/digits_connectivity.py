"""Curves in the autoencoder's fit, over seeds of the fit: which maps cut a curve, and by what one knows them.

Prints a table of docs/results/connectivity.md. The runs share runs/digits-connectivity-seeds/, so that networks and
curves are trained once.
"""

from pathlib import Path

from attrs import evolve

from globscope import load
from globscope.pipeline.run import run
from globscope.session import Study
from globscope.store import read_json

ROOT = Path(__file__).parent.parent
SEEN = "every second point"
# Of the longest step on the map over the median one: beyond it a curve is cut.
CUT = 20


def figures(seed: int) -> tuple[float, float, int, float]:
    """Return of one fit: its error per weight, the longest step, how many curves are cut, the largest error."""
    study = load(ROOT / "specs/digits-connectivity.toml", [f"reducer.0.seed={seed}", "sampler.0.resolution=5"])
    alone = evolve(study.spec, reducer=study.spec.reducer[:1], analysis=study.spec.analysis[:1])
    workshop = Study(spec=alone, folder=ROOT / "runs/digits-connectivity-seeds", registry=study.registry).workshop()
    outcome = run(workshop)
    rows = [row for row in outcome.findings["mode-connectivity"].tables[1].rows if row["fit"] == SEEN]
    steps = [row["longest_step"] for row in rows]
    return _error(workshop), max(steps), sum(step > CUT for step in steps), max(row["error_max"] for row in rows)


def _error(workshop) -> float:
    """Return the error per weight of the refit, which the analysis asked for."""
    used = [entry for stage in workshop.ledger.records for entry in stage.get("inside", ())]
    [place] = [entry["key"] for entry in used if entry["stage"].startswith("refit")]
    return float(read_json(workshop.store.place(*place.split("/")) / "chart.json")["notes"]["mse_per_weight"])


if __name__ == "__main__":
    print("| seed | MSE per weight | longest step | curves cut | largest error |\n|---|---|---|---|---|")
    for seed in range(8):
        error, step, cut, worst = figures(seed)
        print(f"| {seed} | {error:.2e} | {step:.1f} | {cut} of 6 | {worst:.4f} |", flush=True)
