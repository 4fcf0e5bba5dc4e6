"""A scenario in an editor: the YAML language server completes, explains and marks by the schema beside the file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from mockserver.scenario import bundled
from tests.node.editor import SERVER, Editor

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="needs node, which is not installed"),
    pytest.mark.skipif(
        not SERVER.exists(),
        reason="needs the npm package yaml-language-server: (cd tests/node && npm install)",
    ),
]

FIRST_LINE = "# yaml-language-server: $schema=scenario.schema.json\n"


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with Editor(bundled.folder()) as started:
        yield started


@pytest.mark.parametrize("name", bundled.names())
def test_nothing_in_a_bundled_scenario_is_marked(editor: Editor, name: str) -> None:
    assert editor.marked(bundled.bundled(name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("|||", {"people": "Who is at the other end. The first whose number fits is taken, so patterns come last."}),
        ("people:\n  - number: '*'\n    |||", {"name": "For the ladder", "says": "Their lines"}),
        ("people:\n  - number: '*'\n    outcome: |||", {"busy": "", "no_answer": ""}),
        (
            "people:\n  - number: '*'\n    does:\n      - when: |||",
            {"call.answered": "A leg was answered.", "transfer": ""},
        ),
        ("people:\n  - number: '*'\n    does:\n      - at: 1s\n        |||", {"holds": "They put the call on hold."}),
        ("expect:\n  - event: |||", {"call.hangup": "A leg ended."}),
        ("expect:\n  - command: |||", {"answer": "Answer an incoming call"}),
        ("expect:\n  - person: |||", {"says": "", "assistant_says": ""}),
        ("expect:\n  - command: answer\n    gets: |||", {"ok": "it was done", "90018": "422 Call has already ended"}),
        ("errors:\n  - command: answer\n    code: |||", {"90018": "422 Call has already ended"}),
        ("faults:\n  - operation: |||", {"retrieve_call": "", "dial": ""}),
        ("assistants:\n  - id: a\n    turns:\n      - |||", {"hears": "Only in reply to words that contain these"}),
    ],
)
def test_an_editor_completes_keys_and_values(editor: Editor, text: str, offered: dict[str, str]) -> None:
    completed = editor.completed(FIRST_LINE + text + "\n")
    assert offered.keys() <= completed.keys()
    assert [label for label, said in offered.items() if not completed[label].startswith(said)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("|||people: []", "Who is at the other end."),
        ("people:\n  - |||answers_after: 2s", "From the first ring to the answer, or to the decline. Default: 2s."),
        ("expect:\n  - |||event: call.answered", "`call.answered`: A leg was answered."),
        ("errors:\n  - |||code: 90018", "`90018`: 422 Call has already ended"),
    ],
)
def test_an_editor_explains_a_key(editor: Editor, text: str, said: str) -> None:
    assert said in editor.hovered(FIRST_LINE + text + "\n")


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("poeple: []", ["Property poeple is not allowed."]),
        ("people: [{number: '*', answers_after: soon}]", ["write seconds, or 2s, 500ms, 1m30s"]),
        ("people: [{number: '*', silent: maybe}]", ["give true or false"]),
        ("people: [{name: Ada}]", ['Missing property "number".']),
        ("people:", ["give a list, or leave the key out"]),
        ("errors: [{command: answer, code: 90099}]", ["give an error code that the platform has"]),
        ("expect: [{event: call.anwsered}]", ["there is no such name: `telnyx-mockserver check` tells"]),
        ("expect: [{event: call.answered, command: answer}]", ["command is there already", "event is there already"]),
        ("people: [{number: '*', does: [{says: Hi}]}]", ["give one of at, when"]),
        ("people: [{number: '${whose}', outcome: '${what}', answers_after: '${patience}'}]", []),
    ],
)
def test_an_editor_marks_what_is_wrong_and_says_what_to_do(editor: Editor, text: str, marks: list[str]) -> None:
    marked = editor.marked(FIRST_LINE + text + "\n")
    assert [line for line, _ in marked] == [2] * len(marks)
    assert [said for (_, message), said in zip(marked, marks, strict=True) if not message.startswith(said)] == []
