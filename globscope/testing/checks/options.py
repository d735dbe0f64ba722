"""What holds for the components of every role: a component is its options."""

import inspect
import pickle
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import tomli_w

from globscope.api import CheckFacts, Checks, GlobscopeError, capability, misspelt_members
from globscope.registry import KEYS, MORE_KEYS
from globscope.spec.describe import options, plain
from globscope.spec.paths import InvalidError
from globscope.spec.structure import converter
from globscope.testing.claims import ContractError, require
from globscope.testing.roles import role_of
from globscope.testing.tiny.task import tiny_task


class OptionChecks:
    """Checks of one component: every public method but `named` is one, described by its docstring."""

    def __init__(self, component: Any) -> None:
        """Take a component; nothing is run yet."""
        self.component = component

    def by_name(self) -> list[tuple[str, Callable[[], None]]]:
        """Return the checks with their names, those of every role first."""
        names = [name for cls in reversed(type(self).__mro__) for name in vars(cls) if not name.startswith("_")]
        return [(name, getattr(self, name)) for name in dict.fromkeys(names) if name != "named"]

    def is_an_attrs_class_of_keywords(self) -> None:
        """Options are attrs fields that are passed by name only."""
        cls = type(self.component)
        require(attrs.has(cls), "is no attrs class: decorate it with @define(frozen=True, kw_only=True)")
        loose = [a.name for a in attrs.fields(cls) if a.init and not a.kw_only]
        require(not loose, f"takes {loose} by position: decorate it with kw_only=True")

    def is_frozen(self) -> None:
        """Options never change after construction, since stages are stored under them."""
        name = next(iter(self._options()), "anything")
        try:
            setattr(self.component, name, getattr(self.component, name, None))
        except attrs.exceptions.FrozenInstanceError:
            return
        raise ContractError(f"lets {name!r} be set: decorate it with frozen=True")

    def constructs_by_default(self) -> None:
        """Only options without a default must be given."""
        required = [a.name for a in attrs.fields(type(self.component)) if a.default is attrs.NOTHING]
        type(self.component)(**{name: self._options()[name] for name in required})

    def options_survive_toml(self) -> None:
        """A spec can say every option: written as TOML and read strictly, the component is the same."""
        text = tomli_w.dumps(plain(self._options()))
        try:
            again = self._structure(tomllib.loads(text))
        except InvalidError as invalid:
            problems = "; ".join(f"{place}: {what}" for place, what in invalid.problems)
            raise ContractError(f"options cannot be read back from TOML: {problems}") from invalid
        require(again == self.component, f"comes back from TOML as {again}, was {self.component}")

    def unknown_option_is_refused(self) -> None:
        """A misspelt option is an error that suggests the right one, never ignored."""
        name = next(iter(self._options()), "anything")
        wrong = f"{name}_"
        try:
            self._structure({**plain(self._options()), wrong: 1})
        except InvalidError as invalid:
            refusals = [text for place, text in invalid.problems if place == wrong]
            wanted = f"did you mean {name!r}?" if self._options() else "no such key"
            require(refusals and wanted in refusals[0], f"refuses {wrong!r} without suggesting {name!r}: {refusals}")
            return
        raise ContractError(f"takes the unknown option {wrong!r}")

    def misspells_no_optional_member(self) -> None:
        """A member near an optional one of its role, or a trait outside `traits`, would be ignored silently."""
        problems = list(misspelt_members(role_of(self.component), self.component))
        require(not problems, "; ".join(problems))

    def checks_the_facts_of_a_study(self) -> None:
        """Where it checks, it takes the facts of a study, and returns nothing or raises a GlobscopeError."""
        checking = capability(self.component, Checks)
        if checking is not None:
            with suppress(GlobscopeError):
                checking.check(CheckFacts(probe=tiny_task().build("cpu"), variants=("A", "B", "C"), dimension=2))

    def is_picklable(self) -> None:
        """Another process can have it."""
        again = pickle.loads(pickle.dumps(self.component))  # noqa: S301 - pickled in the same line
        require(again == self.component, f"comes back from pickle as {again}, was {self.component}")

    def is_documented(self) -> None:
        """`globscope plugins` can show a sentence for the component and a meaning for every option."""
        first = (inspect.cleandoc(type(self.component).__doc__ or "")).partition("\n")[0]
        require(first.strip(), "has no docstring whose first line says what it does")
        dumb = [option.name for option in options(type(self.component)) if not option.meaning]
        require(not dumb, f"does not say what {dumb} mean: list them under Attributes: in its docstring")

    def leaves_reserved_keys_alone(self) -> None:
        """The keys that GlobScope reads from every component's table are no options."""
        reserved = {*KEYS, *MORE_KEYS.get(role_of(self.component), ())}
        taken = sorted(reserved & set(self._options()))
        require(not taken, f"has options named {taken}, which a spec reserves")

    def _options(self) -> dict[str, Any]:
        return {a.name: getattr(self.component, a.name) for a in attrs.fields(type(self.component))}

    def _structure(self, table: dict[str, Any]) -> Any:
        return converter(Path.cwd()).structure(table, type(self.component))
