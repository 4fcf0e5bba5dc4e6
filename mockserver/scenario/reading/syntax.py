"""What the parser says of a text that is not YAML, in words that say what to do.

The parser tells where it gave up, which may be far behind the slip: a quote that is not closed ends at the next one,
and a bracket at the end of the file. What was open is said too, and where that makes more sense it is the line.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
COMMENT = re.compile(r"[\[{,:]\s*#")

WHERE_IT_OPENED = "where it opened"
"""Tell the line where the parser began with what it could not finish."""

RULES: tuple[tuple[str, str, str], ...] = (
    (r"tab character", "a tab stands where spaces must: indent with spaces", ""),
    (r"cannot start any token", "a text cannot begin with {character}: put quotes around it", ""),
    (r"scanning an alias", "a text that begins with * needs quotes", ""),
    (r"scanning an anchor", "a text that begins with & needs quotes", ""),
    (r"scanning a block scalar", "a text that begins with | or > needs quotes", ""),
    (r"scanning a tag|parsing a tag", "a text that begins with ! needs quotes", ""),
    (r"mapping keys", "a text that begins with ? needs quotes", ""),
    (r"directive", "a text that begins with % needs quotes", ""),
    (r"document start", "the line does not go on with what stands above it: look at its indentation and its colon", ""),
    (r"unknown escape", "a backslash within double quotes begins an escape: use single quotes, or write \\\\", ""),
    (r"quoted scalar", "the quote that opens here is never closed", WHERE_IT_OPENED),
    (r"could not find expected ':'", "no colon follows: write `key: value`, with a space behind it", WHERE_IT_OPENED),
    (
        r"mapping values|unexpected ':'",
        "a colon makes no key here: put quotes around a text that has one, or indent otherwise",
        "",
    ),
    (r"sequence entries", "an item of a list cannot begin here: give it a line of its own", ""),
    (r"flow mapping", "{{ here goes wrong in line {line}: a }}, a comma or quotes are missing", WHERE_IT_OPENED),
    (r"flow sequence", "[ here goes wrong in line {line}: a ], a comma or quotes are missing", WHERE_IT_OPENED),
    (r"flow node", "something is missing within [ ] or {{ }}", ""),
    (r"node content", "a text cannot begin with {character}: put quotes around it", ""),
    (
        r"block (mapping|collection|sequence)",
        "the line begins in another column than what it goes on with, which is that of line {opened}: indent it alike",
        "",
    ),
)
"""What to look for in the words of the parser; what is said then; and which line is told."""


def explained(text: str, error: yaml.MarkedYAMLError) -> tuple[int, str]:
    """The line that is wrong, from 1, and a sentence."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return 1, str(error.problem or "it cannot be read")
    words = f"{error.context or ''} {error.problem or ''}"
    opened = error.context_mark or mark
    at = "".join(text.split("\n")[mark.line : mark.line + 1])[mark.column : mark.column + 1]
    if at == "\t" and "start any token" in words:
        words = "tab character"
    if "parsing a block" in words and (said := _around(text, mark, at)):
        return said
    if "mapping values" in words and (said := _over_lines(text, mark)):
        return said
    for pattern, sentence, where in RULES:
        if re.search(pattern, words):
            marks = {"line": mark.line + 1, "opened": opened.line + 1}
            told = sentence.format(character=at or "that", **marks)
            return (opened.line + 1 if where else _line(text, mark)), told + _comment(text, mark, words)
    return mark.line + 1, ", ".join(part for part in (error.context, error.problem) if part)


def _line(text: str, mark: Any) -> int:
    """The line of a place or, at the end of a file, of the last one that has something in it."""
    lines = text.split("\n")[: mark.line + 1]
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    return len(lines)


def _around(text: str, mark: Any, at: str) -> tuple[int, str] | None:
    """Why a line does not fit, if it is not its indentation."""
    if at and at in "]}":
        return mark.line + 1, f"there is a {at} too many: remove it, or put quotes around the text"
    if at == "-" and text.split("\n")[mark.line][mark.column : mark.column + 2] in ("-", "- "):
        return mark.line + 1, "an item of a list stands among keys: indent it below its key, or give it one"
    last = _last_text(text, mark)
    if last is None or last.plain:
        return None
    opened, closed = last.start_mark.line + 1, last.end_mark.line + 1
    if opened < closed:
        return opened, f"a quote opens here and closes in line {closed} only: one is missing, or one too many"
    return mark.line + 1, "a text goes on behind its closing quote: put all of it in quotes"


def _over_lines(text: str, mark: Any) -> tuple[int, str] | None:
    """Why a colon makes no key, if what stands before it began in an earlier line."""
    last = _last_text(text, mark)
    if last is None or last.start_mark.line == mark.line:
        return None
    there = f"goes on in line {mark.line + 1}, where a colon stands"
    return last.start_mark.line + 1, f"the text here {there}: a colon is missing here, or indentation or quotes there"


def _last_text(text: str, mark: Any) -> yaml.ScalarToken | None:
    """The text that ends right before a place, in the same line."""
    last = None
    try:
        for token in yaml.scan(text, Loader=LOADER):
            if (token.start_mark.line, token.start_mark.column) >= (mark.line, mark.column):
                break
            last = token
    except yaml.YAMLError:
        pass
    return last if isinstance(last, yaml.ScalarToken) and last.end_mark.line == mark.line else None


def _comment(text: str, mark: Any, words: str) -> str:
    """Whether what went wrong in brackets began with a #, which hides the rest of its line."""
    if "flow" not in words:
        return ""
    lines = [line for line in text.split("\n")[: mark.line + 1] if line.strip()]
    hidden = any(COMMENT.search(QUOTED.sub("", line)) for line in lines[-3:])
    return "; # begins a comment: put quotes around it" if hidden else ""
