"""What holds for the learning of an aligner that learns."""

from collections.abc import Mapping
from contextlib import suppress

import numpy as np

from globscope.api import AlignerTraits, Finding, traits
from globscope.testing.check import after, covers
from globscope.testing.checks.alignment.suite import ZOO, AlignmentSuite, tiny_tasks
from globscope.testing.claims import require, require_same
from globscope.testing.tiny.bench import MemoryDraft


class LearningChecks(AlignmentSuite):
    """Checks of what is learned, from how many networks, and of a kill in between."""

    @covers("learns", "with_learned", "describe")
    def describes_how_it_learned(self) -> None:
        """What is learned is arrays, which can be stored, and a finding describes it.

        What was learned is kept in a file, and the report says how it went.
        """
        for which, arrays in self._learned.items():
            odd = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
            require(not odd, f"learned of networks{which} what are no arrays: {odd}")
            finding = self.component.describe(arrays)
            require(isinstance(finding, Finding), f"describe returns {type(finding).__name__}, not a Finding")

    @covers("fewest")
    def learns_from_as_few_networks_as_it_says(self) -> None:
        """The least number of networks that it asks for is a number, and no larger than the kit's zoo.

        A smaller zoo is refused before anything is trained.
        """
        fewest = traits(self.component, AlignerTraits).fewest
        text = f"asks for at least {fewest!r} networks to learn from; a number from 1 to {ZOO} is wanted"
        require(isinstance(fewest, int) and 1 <= fewest <= ZOO, text)

    @covers("learn")
    @after("describes_how_it_learned", "same_generator_gives_the_same_permutations")
    def learning_continues_from_its_draft(self) -> None:
        """After a kill, learning goes on from its draft, and ends with what it would have learned without one.

        Learning takes hours, and machines stop.
        """
        for which, arrays in self._learned.items():
            task, draft = tiny_tasks()[which], _KilledDraft()
            with suppress(_KilledError):
                self._learn(task, draft)
            again = self._learn(task, MemoryDraft(arrays=draft.arrays))
            for name, array in arrays.items():
                if name.rpartition("/")[2] != "seconds":
                    require_same(again[name], array, f"{name!r} is another one after a kill")


class _KilledError(Exception):
    """A kill in the middle of learning."""


class _KilledDraft(MemoryDraft):
    """A draft with which the process is killed once it has been written."""

    def write(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays, and end."""
        super().write(arrays)
        raise _KilledError
