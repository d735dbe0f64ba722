"""What holds for the options of every role's components: a component is its options."""

import inspect
import pickle
import tomllib
from pathlib import Path
from typing import Any

import attrs
import tomli_w

from globscope.api import GivesQuickExamples, capability, misspelt_members
from globscope.registry import KEYS, MORE_KEYS
from globscope.spec.describe import options, plain
from globscope.spec.paths import InvalidError
from globscope.spec.structure import converter
from globscope.testing.check import after, covers
from globscope.testing.claims import ContractError, require
from globscope.testing.roles import role_of


class OptionChecks:
    """Checks of one component: every public method but those of `Suite` is one.

    The first paragraph of its docstring says what must hold, the second one why.
    """

    def __init__(self, component: Any) -> None:
        """Take a component; nothing is run yet."""
        self.component = component

    def is_an_attrs_class(self) -> None:
        """Options are the fields of an attrs class.

        From them follow the spec's keys, their types, the messages, the schema and the key of stored results.
        """
        require(
            attrs.has(type(self.component)), "is no attrs class: decorate it with @define(frozen=True, kw_only=True)"
        )

    @after("is_an_attrs_class")
    def takes_options_by_name(self) -> None:
        """Options are passed by name only.

        A spec names them, and an option that is added later must not move others.
        """
        loose = [a.name for a in attrs.fields(type(self.component)) if a.init and not a.kw_only]
        require(not loose, f"takes {loose} by position: decorate it with kw_only=True")

    @after("is_an_attrs_class")
    def is_frozen(self) -> None:
        """Options never change after construction.

        Results are stored under them, so what was computed must be what they say.
        """
        name = next(iter(self._options()), "anything")
        try:
            setattr(self.component, name, getattr(self.component, name, None))
        except attrs.exceptions.FrozenInstanceError:
            return
        raise ContractError(f"lets {name!r} be set: decorate it with frozen=True")

    @after("is_an_attrs_class")
    def defaults_are_valid(self) -> None:
        """Every default passes the option's own validator.

        A spec that leaves an option out would be refused for a value that nobody has written.
        """
        refused = [text for a in attrs.fields(type(self.component)) for text in _refusals(self.component, a)]
        require(not refused, "; ".join(refused))

    @after("is_an_attrs_class", "defaults_are_valid")
    def constructs_by_default(self) -> None:
        """It constructs without the options that have a default, or names the one that it needs.

        Who writes `use = "…"` and nothing else must get a component, or a message that says what to add.
        """
        required = {a.name: self._options()[a.name] for a in self._fields() if a.default is attrs.NOTHING}
        try:
            type(self.component)(**required)
        except ValueError as error:
            named = any(repr(name) in str(error) for name in self._options())
            require(named, f"cannot be made of its defaults, and names no option that it needs in quotes: {error}")

    @after("is_an_attrs_class")
    def options_survive_toml(self) -> None:
        """Written as TOML and read strictly, the component is the same.

        A spec must be able to say every option.
        """
        text = tomli_w.dumps(plain(self._options()))
        try:
            again = self._structure(tomllib.loads(text))
        except InvalidError as invalid:
            problems = "; ".join(f"{place}: {what}" for place, what in invalid.problems)
            raise ContractError(f"options cannot be read back from TOML: {problems}") from invalid
        require(again == self.component, f"comes back from TOML as {again}, was {self.component}")

    @after("is_an_attrs_class", "options_survive_toml")
    def unknown_option_is_refused(self) -> None:
        """A misspelt option is an error that suggests the right one.

        If it were ignored, a study would run with the default, and nobody would know.
        """
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

    @covers("traits")
    def misspells_no_optional_member(self) -> None:
        """Optional members have their names, and traits stand in `traits`.

        A misspelt one would be ignored, and the component would work as if it were not there.
        """
        problems = list(misspelt_members(role_of(self.component), self.component))
        require(not problems, "; ".join(problems))

    @after("is_an_attrs_class")
    def is_picklable(self) -> None:
        """It comes back from pickle as it was.

        Workers of a pool get it so.
        """
        again = pickle.loads(pickle.dumps(self.component))  # noqa: S301 - pickled in the same line
        require(again == self.component, f"comes back from pickle as {again}, was {self.component}")

    @after("is_an_attrs_class")
    def is_documented(self) -> None:
        """Its docstring begins with a sentence on what it does, and gives every option a meaning.

        `globscope plugins`, the schema and messages show them.
        """
        first = (inspect.cleandoc(type(self.component).__doc__ or "")).partition("\n")[0]
        require(first.strip(), "has no docstring whose first line says what it does")
        dumb = [option.name for option in options(type(self.component)) if not option.meaning]
        require(not dumb, f"does not say what {dumb} mean: list them under Attributes: in its docstring")

    @after("is_an_attrs_class")
    def leaves_reserved_keys_alone(self) -> None:
        """No option is called like a key that GlobScope reads from every component's table.

        A spec could not set it.
        """
        reserved = {*KEYS, *MORE_KEYS.get(role_of(self.component), ())}
        taken = sorted(reserved & set(self._options()))
        require(not taken, f"has options named {taken}, which a spec reserves")

    @covers("quick_examples")
    @after("is_an_attrs_class")
    def quick_examples_are_of_its_class(self) -> None:
        """Where it gives quick examples, they are components of its own class.

        `globscope plugin check` checks them in place of the component with its defaults.
        """
        giving = capability(type(self.component), GivesQuickExamples)
        examples = [self.component] if giving is None else list(giving.quick_examples())
        odd = [type(one).__name__ for one in examples if type(one) is not type(self.component)]
        require(examples and not odd, f"quick_examples() returns {odd or 'nothing'}, not components of its class")

    def _options(self) -> dict[str, Any]:
        return {a.name: getattr(self.component, a.name) for a in self._fields()}

    def _fields(self) -> tuple[Any, ...]:
        return tuple(attrs.fields(type(self.component)))

    def _structure(self, table: dict[str, Any]) -> Any:
        return converter(Path.cwd()).structure(table, type(self.component))


def _refusals(component: Any, attribute: Any) -> list[str]:
    """Return what an option's validator has against its default."""
    default = attribute.default
    if default is attrs.NOTHING or attribute.validator is None:
        return []
    default = default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]
    default = attribute.converter(default) if callable(attribute.converter) else default
    try:
        attribute.validator(component, attribute, default)
    except (TypeError, ValueError) as error:
        return [f"refuses the default of {attribute.name!r}: {error}"]
    return []
