"""attrs validators in words and as JSON schema."""

from typing import Any


def objection(validator: Any, value: Any) -> str:
    """Return what a value violates, such as `must be >= 1`; empty where it violates nothing."""
    for part in _parts(validator):
        if value is None and type(part).__name__ == "_OptionalValidator":
            continue
        rule = _inner(part)
        if hasattr(rule, "member_validator") and isinstance(value, tuple):
            wrong = [text for item in value if (text := objection(rule.member_validator, item))]
            if wrong:
                return f"every item {wrong[0]}"
            continue
        try:
            rule(None, _Nameless, value)
        except (ValueError, TypeError) as error:
            return _words(rule) or str(error)
    return ""


def constraints(validator: Any) -> dict[str, Any]:
    """Return the JSON schema keywords of a validator."""
    found: dict[str, Any] = {}
    for part in _parts(validator):
        rule = _inner(part)
        names = {">=": "minimum", ">": "exclusiveMinimum", "<=": "maximum", "<": "exclusiveMaximum"}
        if hasattr(rule, "bound"):
            found[names[rule.compare_op]] = rule.bound
        elif hasattr(rule, "min_length"):
            found["minLength"] = rule.min_length
    return found


class _Nameless:
    """Stands in for the attribute, which validators name in their own text."""

    name = "value"


def _parts(validator: Any) -> tuple[Any, ...]:
    if validator is None:
        return ()
    inner = getattr(validator, "_validators", None)
    return inner if inner is not None else (validator,)


def _inner(part: Any) -> Any:
    return part.validator if type(part).__name__ == "_OptionalValidator" else part


def _words(rule: Any) -> str:
    if hasattr(rule, "bound"):
        return f"must be {rule.compare_op} {rule.bound}"
    if hasattr(rule, "min_length"):
        return f"must have at least {rule.min_length} character{'s' * (rule.min_length != 1)}"
    return ""
