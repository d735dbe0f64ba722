"""What holds for what a task's probe says of itself, and offers beside its methods."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from globscope.api import (
    Digests,
    Fits,
    GivesFisher,
    ProbeTraits,
    RecognisesFolders,
    ReturnsOutputs,
    SplitsLoss,
    capability,
    traits,
)
from globscope.testing.check import after, covers
from globscope.testing.checks.probe.suite import ProbeSuite
from globscope.testing.claims import require


class ProbeTraitsChecks(ProbeSuite):
    """Checks of the `traits` of a task's probe, and of what finds models and data for a user."""

    @covers("descriptions", "chance", "roots")
    @after("names_splits_and_measures")
    def describes_measures_that_it_has(self) -> None:
        """Descriptions and roots are of measures, and chance is a finite number for a field.

        Reports name and scale fields by them; of others nobody would see them.
        """
        known, probe = self._traits, self._probe
        fields = {f"{split}_{measure}" for split in probe.splits for measure in probe.measures}
        require_known("describes", known.descriptions, probe.measures)
        require_known("roots are", known.roots, probe.measures)
        require_known("knows chance for", known.chance, fields)
        wild = [field for field, value in known.chance.items() if not np.isfinite(value)]
        require(not wild, f"chance for {wild} is not finite")

    @covers("aliases", "ties", "fixed", "unsaved", "log_variance_names")
    def names_tensors_that_it_has(self) -> None:
        """Ties, unsaved buffers and logarithms are of tensors that it has, and fixed tensors are none of these.

        Checkpoints are read by these names, and what they lack would be missed later.
        """
        known, layout, buffers = self._traits, self._probe.layout, self._first[1][1]
        require_known("ties", known.ties, layout.names)
        require_known("does not save", known.unsaved, buffers)
        require_known("has logarithms of", known.log_variance_names, buffers)
        twice = sorted(set(known.fixed) & set(layout.names))
        require(not twice, f"fixes tensors {twice}, which are in the layout too")
        dumb = [alias for alias, name in known.aliases.items() if not alias or not isinstance(name, str)]
        require(not dumb, f"aliases {dumb} are not names of modules")
        fresh = self._probe.initialise(8)[1]
        other = [name for name in known.unsaved if not np.array_equal(fresh[name], buffers[name])]
        require(not other, f"does not save buffers {other}, which differ between fresh networks")

    @covers("example_bytes", "no_outputs", "no_split", "no_fisher")
    def gives_reasons_and_sizes(self) -> None:
        """Reasons for what is missing are sentences without a full stop, and an example's bytes are no negative number.

        They end messages to the user, and memory is planned by that number.
        """
        known = self._traits
        for name, offer in (("no_outputs", ReturnsOutputs), ("no_split", SplitsLoss), ("no_fisher", GivesFisher)):
            reason, offered = getattr(known, name), capability(self._probe, offer) is not None
            fits = (reason.strip() or offered) and not reason.endswith(".")
            require(fits, f"{name} is {reason!r}: a reason without a full stop is wanted")
        fits = isinstance(known.example_bytes, int) and known.example_bytes >= 0
        require(fits, f"an example takes {known.example_bytes!r} bytes")

    @covers("unmapped", "substitutes", "encodes_statistics", "decode_buffers")
    def leaves_to_the_study_what_is_its_own(self) -> None:
        """Its traits set nothing that a study sets: `unmapped`, `substitutes` and `encodes_statistics`.

        A study overwrites them, since they follow from the population.
        """
        known = self._traits
        own = [name for name in ("unmapped", "substitutes", "encodes_statistics") if getattr(known, name)]
        require(not own, f"its traits set {own}, which a study sets")

    @covers("digest")
    @after("builds_the_same_task_twice")
    def digest_is_of_the_data(self) -> None:
        """Where it offers a digest, that is a text, and the same for the same task.

        It is part of the key of every result, which would be computed again in every run.
        """
        digesting = capability(self._probe, Digests)
        if digesting is not None:
            one, two = digesting.digest(), self._again[0][0].digest()
            require(isinstance(one, str) and one, f"its digest is {one!r}, not a text")
            require(one == two, "its digest is another one when it is built again")

    @covers("for_tensors")
    def fits_the_tensors_that_it_has(self) -> None:
        """Where it fits itself to the names of tensors, it stays as it is for those of its own model.

        A study asks it so for every set of checkpoints.
        """
        fitting = capability(self.component, Fits)
        if fitting is not None:
            names = {*self._probe.layout.names, *self._first[1][1]}
            layout = fitting.for_tensors(names).build("cpu").layout
            require(layout == self._probe.layout, "for_tensors gives another layout for the names of its own tensors")

    @covers("recognise_folder")
    def recognises_no_folder_of_nobody(self) -> None:
        """Where it recognises folders, an empty one is none of its own.

        `globscope init FOLDER` asks every task.
        """
        knowing = capability(type(self.component), RecognisesFolders)
        if knowing is not None:
            with TemporaryDirectory() as folder:
                found = knowing.recognise_folder(Path(folder))
            require(found is None, f"recognises an empty folder, by options {found}")

    @property
    def _traits(self) -> ProbeTraits:
        found: ProbeTraits = traits(self._probe, ProbeTraits)
        return found


def require_known(what: str, names: Iterable[Any], known: Iterable[Any]) -> None:
    """Require that names are among those that there are."""
    unknown = sorted(set(names) - set(known))
    require(not unknown, f"{what} {unknown}, there are {sorted(known)}")
