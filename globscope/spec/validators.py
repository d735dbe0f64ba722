"""attrs validators, their messages and their JSON schema."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs.validators import and_, max_len, min_len

from globscope.bounds import NAME, UpperBound
from globscope.references import describe
from globscope.spec.words import either, short, toml, under
from globscope.visible import HIDDEN

COMPARISONS = {">=": "minimum", ">": "exclusiveMinimum", "<=": "maximum", "<": "exclusiveMaximum"}


def one_line(_: Any, attribute: Any, value: Any) -> None:
    """Refuse text with line breaks, control characters, or characters that are invisible or reverse the line."""
    if value is not None and HIDDEN.search(value):
        raise ValueError(f"{attribute.name} must be one line without control characters")


# Valid names of components, runs and samplers.
name_like = and_(min_len(1), max_len(NAME), one_line)


def not_empty(_: Any, attribute: Any, value: Any) -> None:
    """Refuse an empty list."""
    if value == ():
        raise ValueError(f"{attribute.name} must name at least one")


def not_empty_text(_: Any, attribute: Any, value: Any) -> None:
    """Refuse text that is empty or not one line; other values are checked elsewhere."""
    if value == "":
        raise ValueError(f"{attribute.name} must not be empty")
    if isinstance(value, str):
        one_line(_, attribute, value)


def texts(_: Any, attribute: Any, value: Any) -> None:
    """Refuse a table whose values are not all texts."""
    if not all(isinstance(text, str) for text in value.values()):
        raise ValueError(f"{attribute.name} must be a table of texts")


def objections(attribute: Any, value: Any, given: Any) -> Iterator[tuple[str, str]]:
    """Yield an attribute's violated rules, each a (place below it, sentence such as `must be >= 1, got 0`)."""
    if value is not None or not _is_optional(attribute.validator):
        yield from _of_value(_rules(attribute.validator), attribute, value, given)


def objections_to_items(attribute: Any, items: Mapping[int, Any], given: Any) -> Iterator[tuple[str, str]]:
    """Yield the rules that some items of a list violate; the list itself cannot be checked without the others."""
    yield from _of_items(_rules(attribute.validator), attribute, items, given)


def _of_value(rules: Sequence[Any], attribute: Any, value: Any, given: Any) -> Iterator[tuple[str, str]]:
    is_list = isinstance(value, tuple)
    whole = (
        _violation(rule, attribute, value) for rule in rules if not (is_list and hasattr(rule, "member_validator"))
    )
    violated = next(filter(None, whole), "")
    if violated:
        yield "", f"{violated}, got {short(toml(given))}"
    if is_list:
        yield from _of_items(rules, attribute, dict(enumerate(value)), given)


def _of_items(rules: Sequence[Any], attribute: Any, items: Mapping[int, Any], given: Any) -> Iterator[tuple[str, str]]:
    item_rules = [
        item_rule for rule in rules if hasattr(rule, "member_validator") for item_rule in _rules(rule.member_validator)
    ]
    for number, item in items.items():
        for below, text in _of_value(item_rules, attribute, item, given[number]):
            yield under(str(number), *filter(None, [below])), text


def _violation(rule: Any, attribute: Any, value: Any) -> str:
    """Return the rule that a value violates, such as `must be >= 1`; empty where it violates none."""
    try:
        rule(None, attribute, value)
    except (ValueError, TypeError) as error:
        return _words(rule) or _without_name(str(error.args[0] if error.args else error), attribute.name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin's validator may raise anything
        return f"was refused: {describe(error)}"
    return ""


def constraints(validator: Any) -> dict[str, Any]:
    """Return the JSON schema keywords of a validator."""
    keywords: dict[str, Any] = {}
    for rule in _rules(validator):
        if hasattr(rule, "bound"):
            keywords[COMPARISONS[rule.compare_op]] = rule.bound
        elif hasattr(rule, "min_length"):
            keywords |= {"minLength": rule.min_length, "minItems": rule.min_length}
        elif hasattr(rule, "pattern") and isinstance(rule.pattern, str):
            keywords["pattern"] = rule.pattern
        elif hasattr(rule, "max_length"):
            keywords |= {"maxLength": rule.max_length, "maxItems": rule.max_length}
        elif hasattr(rule, "member_validator"):
            keywords["items"] = constraints(rule.member_validator)
    return keywords


def _is_optional(validator: Any) -> bool:
    return type(validator).__name__ == "_OptionalValidator"


def _rules(validator: Any) -> list[Any]:
    """Return the single rules of `and_`, `optional` and lists of validators."""
    if validator is None:
        return []
    if _is_optional(validator):
        return _rules(validator.validator)
    parts = validator._validators if type(validator).__name__ == "_AndValidator" else validator
    return [rule for part in parts for rule in _rules(part)] if isinstance(parts, list | tuple) else [validator]


def _words(rule: Any) -> str:
    if isinstance(rule, UpperBound):
        return rule.words
    if hasattr(rule, "max_length"):
        return f"must be at most {rule.max_length:,} long"
    if hasattr(rule, "bound"):
        return f"must be {rule.compare_op} {rule.bound}"
    if hasattr(rule, "min_length"):
        return "must not be empty" if rule.min_length == 1 else f"must be at least {rule.min_length} long"
    if hasattr(rule, "options") and isinstance(rule.options, list | tuple | set | frozenset):
        return f"must be {either(map(toml, rule.options))}"
    return ""


def _without_name(text: str, name: str) -> str:
    """Return a validator's message without the attribute's name, which the place contains already."""
    return re.sub(rf"^['`\"]?{re.escape(name)}['`\"]?:? ", "", text)
