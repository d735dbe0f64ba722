"""The journal of a search in its stage's folder: a file a round, one a unit of a round, and the landscape of all.

No file is brought to the disk by itself, as those of an evaluation are not: the folder is when the search has ended.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import asdict, define, field

from globscope.pipeline.decoded_samples import OPTIONAL, DecodedSamples
from globscope.pipeline.disk.journal import FIELD, RECORDS, DiskJournal, plan_of, record_name
from globscope.store import discard, read_arrays, read_json, write_arrays, write_json
from globscope.values.evaluation import Plan, Unit
from globscope.values.landscape import Landscape, Samples

ROUNDS, LANDSCAPE, ABOUT = "rounds", "landscape.npz", "search.json"
# Of the arrays in a round's file: what is no array, as JSON.
TEXT = "about"
# Arrays of a landscape beside its points and fields, of which only some landscapes have some.
MORE = ("distance_to_member", "cycle_error", "trusted", "gradients")
# Of the number with which a file's name begins.
DIGITS = 6


@define(kw_only=True)
class RoundJournal(DiskJournal):
    """The units of one round.

    Attributes:
        number: Number of the round.
        planned: Its plan, as it was recorded.
    """

    number: int
    planned: Plan
    _written: dict[Unit, Mapping[str, np.ndarray]] = field(factory=dict, init=False)

    def _write(self, unit: Unit, arrays: Mapping[str, np.ndarray]) -> None:
        DiskJournal._write(self, unit, arrays)
        self._written[unit] = arrays

    def _read(self, unit: Unit) -> Mapping[str, np.ndarray]:
        return self._written.get(unit) or DiskJournal._read(self, unit)

    def _file(self, unit: Unit) -> Path:
        return self._units / f"{self.number:0{DIGITS}d}-{record_name(unit)}"

    def _recorded_plan(self) -> Plan:
        return self.with_cuts(self.planned)


@define
class SearchJournal:
    """A journal in a stage's folder.

    Attributes:
        folder: Folder of the stage.
        units: How units were scored, with their round.
    """

    folder: Path
    units: list[dict[str, Any]] = field(factory=list, init=False)
    _is_ahead: bool = field(default=False, init=False)

    def open(self) -> None:
        """Make the folders of what is recorded."""
        for name in (ROUNDS, RECORDS):
            (self.folder / name).mkdir(exist_ok=True)

    @property
    def is_gathered(self) -> bool:
        """Whether the landscape is written; a kill between that and the stage's end leaves no rounds."""
        return (self.folder / LANDSCAPE).exists()

    def read_round(self, number: int) -> tuple[DecodedSamples, Plan] | None:
        """Return a round with its plan, or None where none was recorded."""
        if self._is_ahead or not self._round(number).exists():
            return None
        arrays = read_arrays(self._round(number))
        about = json.loads(str(arrays.pop(TEXT)))
        return DecodedSamples.from_stored(about, arrays), plan_of(about["plan"])

    def record(self, number: int, decoded: DecodedSamples, plan: Plan) -> None:
        """Record a round with its plan, before any of its units is scored."""
        self.forget_from(number)
        about = decoded.about | {"plan": asdict(plan)}
        write_arrays(self._round(number), decoded.arrays | {TEXT: np.array(json.dumps(about))})

    def forget_from(self, number: int) -> None:
        """Remove the rounds from a number on: they follow from what is computed again."""
        if not self._is_ahead:
            for path in [*(self.folder / ROUNDS).iterdir(), *(self.folder / RECORDS).iterdir()]:
                if not path.name.startswith(".") and int(path.name[:DIGITS]) >= number:
                    path.unlink()
        self._is_ahead = True

    def finish(self, landscape: Landscape, rounds: Sequence[int], staged: Sequence[str]) -> None:
        """Write the landscape of all rounds, with the sizes of these, and the stages that some of them had."""
        samples = landscape.samples
        own = {name: getattr(samples, name) for name in ("points", *OPTIONAL)}
        own |= {name: getattr(landscape, name) for name in MORE}
        arrays = {name: array for name, array in own.items() if array is not None}
        fields = {f"{FIELD}{name}": values for name, values in landscape.fields.items()}
        about = {"shape": samples.shape, "gradient": samples.gradient, "seconds": dict(landscape.seconds)}
        write_json(self.folder / ABOUT, about | {"rounds": rounds, "staged": staged, "units": self.units})
        write_arrays(self.folder / LANDSCAPE, arrays | fields)

    def discard_rounds(self) -> None:
        """Remove the rounds and their units, all of which the landscape has."""
        for name in (ROUNDS, RECORDS):
            discard(self.folder / name)

    def landscape(self) -> Landscape:
        """Return the landscape of all rounds; of a finished journal."""
        about, arrays = self.about, read_arrays(self.folder / LANDSCAPE)
        own = {name: arrays.pop(name, None) for name in ("points", *OPTIONAL, *MORE)}
        samples = {name: own.pop(name) for name in ("points", *OPTIONAL)}
        return Landscape(
            samples=Samples(shape=about["shape"] and tuple(about["shape"]), gradient=about["gradient"], **samples),
            fields={name.removeprefix(FIELD): values for name, values in arrays.items()},
            seconds=about["seconds"],
            **own,
        )

    @property
    def about(self) -> dict[str, Any]:
        """What is no array; of a finished journal."""
        found: dict[str, Any] = read_json(self.folder / ABOUT)
        return found

    @property
    def used(self) -> dict[str, Any]:
        """How the networks were scored, for the manifest; of a finished journal."""
        about = self.about
        places = {name: sorted({unit[name] for unit in about["units"]}) for name in ("device", "threads")}
        methods = " and ".join(sorted({unit["method"] for unit in about["units"]}))
        return {"method": methods, "rounds": len(about["rounds"]), "units": len(about["units"]), **places}

    def _round(self, number: int) -> Path:
        return self.folder / ROUNDS / f"{number:0{DIGITS}d}.npz"
