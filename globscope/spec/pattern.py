"""Patterns of paths: `{words}` that are captured, `*` for what does not matter, each within one folder."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from globscope.errors import near

VARIANT, STEP = "variant", "step"
ANY = "*"
_WORD = re.compile(r"\{([^{}]*)\}")
# What stands for several characters of a name, and in the pattern's text for none.
_MARKS = re.compile(r"(\{[^{}]*\}|\*)")


def words(text: str) -> tuple[str, ...]:
    """Return the words in braces of a pattern or a template, each once."""
    return tuple(dict.fromkeys(_WORD.findall(text)))


def problems(pattern: str) -> Iterator[str]:
    """Yield what is wrong with a pattern whatever its template is."""
    if "**" in pattern:
        yield "`**` is no wildcard: `*` stays within one folder, and {variant} alone between slashes spans several"
    for word in words(pattern):
        if not word.isidentifier():
            yield f"{{{word}}} is no word; write a name in the braces, such as {{variant}}, {{step}} or {{seed}}"


def mismatches(pattern: str, template: str | None) -> Iterator[str]:
    """Yield what keeps a pattern and a template of variants' names from going together.

    Args:
        pattern: Of paths.
        template: Made of the pattern's words; None where the pattern has {variant}.
    """
    own = words(pattern)
    if template is None and VARIANT not in own:
        example = "-".join(f"{{{word}}}" for word in own if word != STEP) or "A"
        yield f"needs {{variant}}, or beside it variant = '{example}', in {pattern!r}"
    for word in own:
        if word not in (VARIANT, STEP) and word not in words(template or "") and (template or VARIANT in own):
            yield _unused(word, template or "{variant}")


def _unused(word: str, template: str) -> str:
    hint = near(word, [STEP, VARIANT])
    ending = f"; did you mean {{{STEP if STEP in hint else VARIANT}}}?" if hint.startswith("did") else ""
    return f"does not use {{{word}}}: write variant = '{template}-{{{word}}}', or * if it does not matter{ending}"


def unknown(template: str, pattern: str) -> Iterator[str]:
    """Yield the words of a template that a pattern does not have."""
    own = words(pattern)
    for word in words(template):
        if word not in own:
            hint = near(word, own) if own else "the pattern has no words"
            yield f"{{{word}}} is no word of {pattern!r}; {hint}"


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with the values of its words."""
    return _WORD.sub(lambda match: values[match[1]], template)


def plain(part: str) -> str:
    """Return a pattern's text without its words and wildcards."""
    return _MARKS.sub("", part)


def is_literal(part: str) -> bool:
    """Return whether a part of a pattern stands for one name only."""
    return _MARKS.search(part) is None


def spans(part: str) -> bool:
    """Return whether a part of a pattern stands for one folder or several."""
    return part == f"{{{VARIANT}}}"


def matched(part: str, name: str, values: Mapping[str, str]) -> dict[str, str] | None:
    """Return the words' values after a part of a pattern has matched a name; None where it does not.

    Args:
        part: Of the pattern, between slashes.
        name: Of a file or folder; one that begins with a dot matches only a part that does.
        values: Of the words so far; a word that comes again must match the same text.
    """
    if name.startswith(".") and not part.startswith("."):
        return None
    match = _expression(part).fullmatch(name)
    if match is None:
        return None
    found = match.groupdict()
    return None if any(values.get(word, text) != text for word, text in found.items()) else {**values, **found}


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
    """Return a pattern that starts at the root; a relative one starts at `folder`."""
    path = Path(pattern).expanduser()
    return str(path if path.is_absolute() else folder.absolute() / path)
