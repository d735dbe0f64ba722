"""Runs the checks of one component: each once, and those that it comes after first."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from globscope.api import PluginError
from globscope.testing.check import Check, NotReachedError
from globscope.testing.checks.aligner import AlignerChecks
from globscope.testing.checks.analysis import AnalysisChecks
from globscope.testing.checks.evaluator import EvaluatorChecks
from globscope.testing.checks.pool import PoolChecks
from globscope.testing.checks.reducer import ReducerChecks
from globscope.testing.checks.sampler import SamplerChecks
from globscope.testing.checks.task import TaskChecks
from globscope.testing.checks.topology import TopologyChecks
from globscope.testing.checks.work import Suite
from globscope.testing.claims import ContractError
from globscope.testing.roles import role_of
from globscope.testing.surroundings import restored_process

CHECKS: Mapping[str, type[Suite]] = MappingProxyType(
    {
        "task": TaskChecks,
        "reducer": ReducerChecks,
        "sampler": SamplerChecks,
        "evaluator": EvaluatorChecks,
        "topology": TopologyChecks,
        "aligner": AlignerChecks,
        "analysis": AnalysisChecks,
        "pool": PoolChecks,
    }
)


class ContractRun:
    """The checks of one component, and what they have found so far."""

    def __init__(self, component: Any) -> None:
        """Take a component; nothing is run yet."""
        self._suite = CHECKS[role_of(component)](component)
        self._label = type(component).__name__
        self._found: dict[str, ContractError | None] = {}
        self.checks: Mapping[str, Check] = {one.name: one for one in self._suite.all_checks()}

    def check(self, name: str) -> None:
        """Run a check, or repeat what it found.

        Raises:
            ContractError: The contract is violated; a NotReachedError where another check says so already.
        """
        found = self.violation(name)
        if found is not None:
            raise found

    def violation(self, name: str) -> ContractError | None:
        """Return what a check finds; None where it passes."""
        if name not in self._found:
            before = next((one for one in self.checks[name].after if one in self.checks and self.violation(one)), None)
            self._found[name] = self._run(name) if before is None else self._not_reached(name, before)
        return self._found[name]

    def _not_reached(self, name: str, before: str) -> NotReachedError:
        return NotReachedError(f"{self._label}: {name}: not reached, since {before} fails")

    def _run(self, name: str) -> ContractError | None:
        """Run one check; what the component itself raises is a violation too. The process is left as it was."""
        try:
            with restored_process():
                getattr(self._suite, name)()
        except KeyboardInterrupt:
            raise
        except (ContractError, PluginError) as error:
            return _caused_by(f"{self._label}: {name}: {error}", error)
        except BaseException as error:  # noqa: BLE001 - a component may raise anything
            return _caused_by(f"{self._label}: {name}: {_raised_text(error)}", error)
        return None


def _caused_by(text: str, cause: BaseException) -> ContractError:
    error = ContractError(text)
    error.__cause__ = cause
    return error


def _raised_text(error: BaseException) -> str:
    notes = "".join(f" ({note})" for note in vars(error).get("__notes__", ()))
    return f"raised {type(error).__name__}: {error}{notes}"
