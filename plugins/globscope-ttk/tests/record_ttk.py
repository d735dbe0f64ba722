"""Records what TTK answers to the small cases: python record_ttk.py [INTERPRETER]."""

import sys
from pathlib import Path

import numpy as np
from globscope_ttk.interpreters import ask
from globscope_ttk.question import question
from ttk_cases import KINDS, case

from globscope.api import sweep_order

RECORDED = Path(__file__).parent / "data"


def asked(name):
    """Return what TTK is asked about a small case, and how many samples are swept."""
    given, options = case(name)
    values = given.fields["train_loss"]
    usable = np.isfinite(values) & (given.trusted if options.get("mask") else True)
    swept = sweep_order(values, usable)
    return question(given.samples, swept, options.get("adjacency", "auto"), options.get("neighbours")), len(swept)


def main(interpreter=None):
    RECORDED.mkdir(exist_ok=True)
    for name in KINDS:
        arrays = asked(name)[0].arrays
        answer = ask(arrays | {"threads": np.array(1)}, interpreter, 60)
        small = {key: array.astype(np.int16) for key, array in (arrays | answer).items()}
        np.savez_compressed(RECORDED / f"{name}.npz", **small)


if __name__ == "__main__":
    main(*sys.argv[1:])
