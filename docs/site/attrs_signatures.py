"""The signatures of attrs classes, which are written nowhere: what a value is made with, and what it is without."""

from typing import Any

from griffe import (
    Attribute,
    Class,
    Expr,
    ExprCall,
    ExprKeyword,
    Extension,
    Function,
    Parameter,
    ParameterKind,
    Parameters,
)

KEYWORD, POSITIONAL = ParameterKind.keyword_only, ParameterKind.positional_or_keyword


class AttrsSignatures(Extension):
    """Gives classes that attrs defines the `__init__` that it writes."""

    def on_class_members(self, *, node: Any, cls: Class, **kwargs: Any) -> None:
        """Add the constructor, from the fields in the body of the class."""
        del node, kwargs
        define = next((one.value for one in cls.decorators if one.callable_path == "attrs.define"), None)
        if define is None or "__init__" in cls.members:
            return
        kind = KEYWORD if "kw_only=True" in str(define) else POSITIONAL
        parameters = [_parameter(one, kind) for one in cls.members.values() if _is_field(one)]
        cls.set_member("__init__", Function("__init__", parameters=Parameters(*parameters), returns="None"))


def _is_field(member: Any) -> bool:
    if not isinstance(member, Attribute) or member.annotation is None or "property" in member.labels:
        return False
    return "ClassVar" not in str(member.annotation) and _option(member, "init") != "False"


def _parameter(member: Attribute, kind: ParameterKind) -> Parameter:
    name = _option(member, "alias") or member.name.lstrip("_")
    return Parameter(name, annotation=member.annotation, kind=kind, default=_default(member))


def _default(member: Attribute) -> Expr | str | None:
    if not _is_call_of_field(member):
        return member.value
    factory = _option(member, "factory")
    return f"{factory}()" if factory else _option(member, "default")


def _is_call_of_field(member: Attribute) -> bool:
    return isinstance(member.value, ExprCall) and member.value.canonical_path in ("attrs.field", "attrs.ib")


def _option(member: Attribute, name: str) -> str | None:
    """Return what a field is declared with, as it is written."""
    if not _is_call_of_field(member):
        return None
    written = {one.name: one.value for one in member.value.arguments if isinstance(one, ExprKeyword)}
    return str(written[name]) if name in written else None
