"""What is not YAML is told in words that say what to do, by the fast parser and by the one without a C library."""

from __future__ import annotations

import pytest
import yaml

from mockserver.scenario.reading.syntax import explained

SLIPS = [
    ("people:\n\t- number: 1\n", 2, "a tab stands where spaces must: indent with spaces"),
    ("people:\n  - number: 1\n\tname: x\n", 3, "a tab stands where spaces must: indent with spaces"),
    (
        'a:\n  - b: "+1202\n    c: d\ne:\n  - f: "g"\n',
        2,
        "a quote opens here and closes in line 5 only: one is missing, or one too many",
    ),
    ("name: 'a\npeople: []\n", 1, "the quote that opens here is never closed"),
    ('a: "x" y\n', 1, "a text goes on behind its closing quote: put all of it in quotes"),
    ('a: "\\d"\n', 1, "a backslash within double quotes begins an escape: use single quotes, or write \\\\"),
    ("a:\n  - {b: c\nd:\n  - e: f\n", 2, "{ here goes wrong in line 3: a }, a comma or quotes are missing"),
    ("a: {b: c: d}\n", 1, "{ here goes wrong in line 1: a }, a comma or quotes are missing"),
    ("a: [1, 2\nb: 3\n", 1, "[ here goes wrong in line 2: a ], a comma or quotes are missing"),
    (
        "a: [1, #]\nb: 2\n",
        1,
        "[ here goes wrong in line 3: a ], a comma or quotes are missing; # begins a comment: put quotes around it",
    ),
    ("a: [1, #]\n\n", 1, "something is missing within [ ] or { }; # begins a comment: put quotes around it"),
    ("a: [1]]\n", 1, "there is a ] too many: remove it, or put quotes around the text"),
    ("a: }\n", 1, "there is a } too many: remove it, or put quotes around the text"),
    ("a: , b\n", 1, "a text cannot begin with ,: put quotes around it"),
    (
        "people:\n  - number: 1\n   name: Ada\n",
        3,
        "the line begins in another column than what it goes on with, which is that of line 2: indent it alike",
    ),
    (
        "people:\n  - number: 1\n      name: Ada\n",
        2,
        "the text here goes on in line 3, where a colon stands: "
        "a colon is missing here, or indentation or quotes there",
    ),
    (
        "people\n  - number: 1\n",
        1,
        "the text here goes on in line 2, where a colon stands: "
        "a colon is missing here, or indentation or quotes there",
    ),
    (
        "  a: 1\nb: 2\n",
        2,
        "the line does not go on with what stands above it: look at its indentation and its colon",
    ),
    ("a: 1\n- b\n", 2, "an item of a list stands among keys: indent it below its key, or give it one"),
    ("a: - b\n", 1, "an item of a list cannot begin here: give it a line of its own"),
    ("a: b: c\n", 1, "a colon makes no key here: put quotes around a text that has one, or indent otherwise"),
    ("a: 1\nb\nc: 2\n", 2, "no colon follows: write `key: value`, with a space behind it"),
    *((f"a: {mark}\n", 1, f"a text that begins with {mark} needs quotes") for mark in "*&"),
    ("a: !<x b\n", 1, "a text that begins with ! needs quotes"),
    ("a: ? b\n", 1, "a text that begins with ? needs quotes"),
    ("a: |x\n", 1, "a text that begins with | or > needs quotes"),
    ("%YAML 9\n---\na: 1\n", 1, "a text that begins with % needs quotes"),
    *((f"a: {mark}b\n", 1, f"a text cannot begin with {mark}: put quotes around it") for mark in "@%`"),
]


@pytest.mark.parametrize("loader", [yaml.CBaseLoader, yaml.BaseLoader])
@pytest.mark.parametrize(("text", "line", "said"), SLIPS)
def test_a_slip_is_told_in_its_line_with_what_to_do(text: str, line: int, said: str, loader: type) -> None:
    with pytest.raises(yaml.MarkedYAMLError) as found:
        list(yaml.parse(text, loader))
    assert explained(text, found.value) == (line, said)


def test_what_nobody_has_words_for_is_told_in_those_of_the_parser() -> None:
    mark = yaml.Mark("a", 0, 4, 0, "", 0)
    assert explained("a: b\n", yaml.MarkedYAMLError("while dreaming", None, "found a dragon", mark)) == (
        5,
        "while dreaming, found a dragon",
    )
    assert explained("a: b\n", yaml.MarkedYAMLError()) == (1, "it cannot be read")
