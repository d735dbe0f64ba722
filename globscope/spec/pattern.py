"""Patterns of paths: `{words}` that are captured and `*` that is ignored, each within one folder's name."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from globscope.errors import near

VARIANT, STEP = "variant", "step"
ANY = "*"
_WORD = re.compile(r"\{([^{}]*)\}")
# The parts of a pattern that match varying text.
_MARKS = re.compile(r"(\{[^{}]*\}|\*)")


def words(text: str) -> tuple[str, ...]:
    """Return the words in braces of a pattern or a template, each once."""
    return tuple(dict.fromkeys(_WORD.findall(text)))


def problems(pattern: str) -> Iterator[str]:
    """Yield the problems of a pattern that do not depend on its template."""
    if "**" in pattern:
        yield "`**` is not a wildcard: `*` stays within one folder, and {variant} alone between slashes spans several"
    for word in words(pattern):
        if not word.isidentifier():
            yield f"{{{word}}} is not a word; write a name in the braces, such as {{variant}}, {{step}} or {{seed}}"


def mismatches(pattern: str, template: str | None) -> Iterator[str]:
    """Yield the conflicts between a pattern and a template of variants' names.

    Args:
        pattern: The pattern of paths.
        template: The template, made of the pattern's words; None where the pattern has {variant}.
    """
    names = words(pattern)
    if template is None and VARIANT not in names:
        example = "-".join(f"{{{word}}}" for word in names if word != STEP) or "A"
        yield f"needs {{variant}}, or beside it variant = '{example}', in {pattern!r}"
    for word in names:
        if word not in (VARIANT, STEP) and word not in words(template or "") and (template or VARIANT in names):
            yield _unused_word(word, template or "{variant}")


def _unused_word(word: str, template: str) -> str:
    hint = near(word, [STEP, VARIANT])
    ending = f"; did you mean {{{STEP if STEP in hint else VARIANT}}}?" if hint.startswith("did") else ""
    return f"does not use {{{word}}}: write variant = '{template}-{{{word}}}', or * if it does not matter{ending}"


def unknown_words(template: str, pattern: str) -> Iterator[str]:
    """Yield messages about the words of a template that a pattern lacks."""
    names = words(pattern)
    for word in words(template):
        if word not in names:
            hint = near(word, names) if names else "the pattern has no words"
            yield f"{{{word}}} is not a word of {pattern!r}; {hint}"


def fill_template(template: str, values: Mapping[str, str]) -> str:
    """Return a template with the values of its words."""
    return _WORD.sub(lambda match: values[match[1]], template)


def literal_text(part: str) -> str:
    """Return a pattern's text without its words and wildcards."""
    return _MARKS.sub("", part)


def matches_one_name(part: str) -> bool:
    """Return whether a part of a pattern matches one name only."""
    return _MARKS.search(part) is None


def spans(part: str) -> bool:
    """Return whether a part of a pattern may match several nested folders."""
    return part == f"{{{VARIANT}}}"


def match_part(part: str, name: str, values: Mapping[str, str]) -> dict[str, str] | None:
    """Return the words' values after matching a part of a pattern with a name; None if it does not match.

    Args:
        part: A part of the pattern, between slashes.
        name: Name of a file or folder; a name that begins with a dot matches only a part that does.
        values: The words' values so far; a repeated word must match the same text.
    """
    if name.startswith(".") and not part.startswith("."):
        return None
    match = _expression(part).fullmatch(name)
    if match is None:
        return None
    groups = match.groupdict()
    return None if any(values.get(word, text) != text for word, text in groups.items()) else {**values, **groups}


@lru_cache(maxsize=256)
def _expression(part: str) -> re.Pattern[str]:
    text, seen = "", set[str]()
    for piece in _MARKS.split(part):
        text += _piece(piece, seen)
    return re.compile(text, re.DOTALL)


def _piece(piece: str, seen: set[str]) -> str:
    if piece == ANY:
        return "[^/]*"
    if not _WORD.fullmatch(piece):
        return re.escape(piece)
    word = piece[1:-1]
    if word in seen:
        return f"(?P={word})"
    seen.add(word)
    return f"(?P<{word}>{'[0-9]+' if word == STEP else '[^/]+?'})"


def absolute(pattern: str, folder: Path) -> str:
    """Return an absolute pattern; a relative one starts at `folder`."""
    path = Path(pattern).expanduser()
    return str(path if path.is_absolute() else folder.absolute() / path)
