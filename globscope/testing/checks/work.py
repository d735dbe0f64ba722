"""What holds for the work of every role's components, whatever they do."""

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Any

from attrs import evolve

from globscope.api import CheckFacts, Checks, GlobscopeError, capability
from globscope.testing.check import Check, after, check_of, covers
from globscope.testing.checks.options import OptionChecks
from globscope.testing.claims import require
from globscope.testing.settings import MOVES
from globscope.testing.surroundings import other_global_seeds, restored_process, watched_process
from globscope.testing.tiny.task import tiny_task

# The check without which those of a role say nothing.
WORKS = "does_its_work"


class Suite(OptionChecks):
    """Checks of one component of a role, which says in `_work` what its work is."""

    @classmethod
    def all_checks(cls) -> list[Check]:
        """Return the checks, those of every role first; those of a role come after its work."""
        common = {name for one in Suite.__mro__ for name in vars(one)}
        names = dict.fromkeys(name for one in reversed(cls.__mro__) for name in vars(one))
        found = [check_of(name, getattr(cls, name)) for name in names if name[0] != "_" and name != "all_checks"]
        return [one if one.name in common else evolve(one, after=(WORKS, *one.after)) for one in found]

    @covers("check")
    def checks_the_facts_of_a_study(self) -> None:
        """Where it checks, it takes the facts of a study, and returns nothing or raises a GlobscopeError.

        Its message is the user's, before anything long has run; any other exception is a defect.
        """
        checking = capability(self.component, Checks)
        if checking is not None:
            with suppress(GlobscopeError):
                checking.check(CheckFacts(probe=tiny_task().build("cpu"), variants=("A", "B", "C"), dimension=2))

    def does_its_work(self) -> None:
        """Its work is done without an exception.

        All other checks of its role look at what comes out.
        """
        _ = self._first

    @after(WORKS, "leaves_inputs_untouched")
    def does_its_work_again(self) -> None:
        """Its work is done a second time, in another folder, and on arrays that cannot be written.

        So it is in a study, where a worker of a pool may do it, in whatever folder that was started.
        """
        _ = self._again

    @after("does_its_work_again")
    def leaves_global_random_state_alone(self) -> None:
        """It draws from the generator that it is handed, and from no global one.

        What is drawn from a global generator depends on everything that ran before in the same process.
        """
        moved = [change for change in self._again[1] if change.startswith(MOVES)]
        require(not moved, "; ".join(moved))

    @after("does_its_work_again")
    def leaves_the_process_alone(self) -> None:
        """It prints nothing, leaves no file or process behind, and changes nothing that the whole process shares.

        Other components, GlobScope and the user's own code run in the same process: with another seed, dtype or number
        of threads they would compute other numbers.
        """
        changes = [change for change in self._again[1] if not change.startswith(MOVES)]
        require(not changes, "; ".join(changes))

    @cached_property
    def _first(self) -> Any:
        with restored_process():
            return self._work()

    @cached_property
    def _again(self) -> tuple[Any, list[str]]:
        """What the work gives a second time, and what it changes; libraries may change more while they are imported."""
        _ = self._first
        return watch_work(self._work_again)

    def _work(self) -> Any:
        """Do the work of the role."""
        raise NotImplementedError

    def _work_again(self) -> Any:
        """Do it again, on inputs of its own."""
        return self._work()


def watch_work(work: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return what work gives under other global seeds and in another folder, and what it changes of the process."""
    with other_global_seeds(1), watched_process() as changes:
        try:
            found = work()
        except Exception as error:
            error.add_note("when it worked a second time, in another folder")
            raise
    return found, changes
