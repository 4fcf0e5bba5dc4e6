"""The JSON Schema for editors: it is what the models say, it explains every key, and it refuses nothing that loads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockserver.scenario import bundled
from mockserver.scenario.editor.descriptions import DESCRIPTIONS, TITLES
from mockserver.scenario.editor.schema import described, schema, text
from mockserver.scenario.load import InvalidScenario, load_all
from mockserver.scenario.model import PARTS
from mockserver.scenario.parts.part import known_keys
from mockserver.scenario.reading.syntax import LOADER
from scripts.schema import FILE
from tests.scenario.reading import Newer, Older, read
from tests.scenario.test_scenario_docs import EXAMPLES
from tests.scenario.test_scenario_load import EVERYTHING

SCHEMA = schema()
VALIDATOR = jsonschema_rs.Draft7Validator(SCHEMA)
FIRST_LINE = "# yaml-language-server: $schema=scenario.schema.json\n"
FILES = {name: bundled.bundled(name).read_text(encoding="utf-8") for name in bundled.names()}


def complaints(source: str) -> list[str]:
    """What editors say of a file, whichever YAML they read."""
    return [error.message for loader in (Newer, Older) for error in VALIDATOR.iter_errors(read(source, loader))]


def test_the_file_for_editors_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: python scripts/schema.py"


def test_it_is_a_schema() -> None:
    assert jsonschema_rs.meta.is_valid(SCHEMA)


@pytest.mark.parametrize("name", FILES)
def test_a_bundled_scenario_names_its_schema_and_is_valid_by_it(name: str) -> None:
    assert FILES[name].startswith(FIRST_LINE)
    assert complaints(FILES[name]) == []


@pytest.mark.parametrize("example", [EVERYTHING, *EXAMPLES])
def test_an_example_is_valid_by_it(example: str) -> None:
    assert complaints(example) == []


@pytest.mark.parametrize("place", PARTS)
def test_every_key_has_a_description_and_every_description_a_key(place: tuple[str, ...]) -> None:
    part = PARTS[place]
    assert described(part).keys() == known_keys(part), "see mockserver/scenario/editor/descriptions.py"


def test_every_part_has_a_title_and_nothing_else_is_described() -> None:
    parts = {part.__name__ for part in PARTS.values()}
    bases = {base.__name__ for part in PARTS.values() for base in part.__mro__}
    assert TITLES.keys() == parts
    assert DESCRIPTIONS.keys() <= bases
    assert {name for name in SCHEMA["definitions"] if name.endswith("Part")} == parts - {"Scenario"}, "see model.PARTS"


def properties(made: Any) -> Iterator[tuple[str, Any]]:
    """All properties of a schema, at any depth."""
    if isinstance(made, dict):
        yield from (made.get("properties") or {}).items()
    for inner in made.values() if isinstance(made, dict) else made if isinstance(made, list) else ():
        yield from properties(inner)


def test_an_editor_can_say_something_about_every_property() -> None:
    silent = [key for key, shape in properties(SCHEMA) if shape is not False and not shape.get("description")]
    assert silent == []
    shapeless = [key for key, shape in properties(SCHEMA) if shape is not False and not shape.keys() - {"description"}]
    assert shapeless == []


def test_an_editor_completes_names_with_what_they_mean() -> None:
    definitions = SCHEMA["definitions"]
    for name, word, meaning in (
        ("event", "call.answered", "A leg was answered."),
        ("command", "hangup", "End a leg, or decline it while it rings."),
        ("code", 90018, "422 Call has already ended"),
    ):
        listed = definitions[name]["anyOf"][0]
        assert listed["enumDescriptions"][listed["enum"].index(word)] == meaning
        assert len(listed["enumDescriptions"]) == len(listed["enum"])


WRONG = [
    "poeple: []",
    "people: [{nmae: x, number: '*'}]",
    "people: [{name: x}]",
    "people: [{number: 202-555-0143}]",
    "people: [{number: '*', outcome: bussy}]",
    "people: [{number: '*', answers_after: soon}]",
    "people: [{number: '*', gives_up_after: }]",
    "people: [{number: '*', hangs_up: later}]",
    "people: [{number: '*', presses: [9x]}]",
    "people: [{number: '*', silent: yes!}]",
    "people: [{number: '*', refused: 90099}]",
    "people: [{number: '*', refused: '90099'}]",
    "people: [{number: '*', does: [{when: call.speek.started, says: Hi}]}]",
    "people: [{number: '*', does: [{at: 1, holds: false}]}]",
    "people: [{number: '*', does: [{when: answer, nth: 0, holds: true}]}]",
    "applications: [{connection_id: a, webhook_timeout_secs: 31}]",
    "applications: [{connection_id: a, webhook_url: 'localhost:8088'}]",
    "assistants: [{id: a, turns: [{hear: x, says: y}]}]",
    "errors: [{command: retrieve_call, code: '90018'}]",
    "faults: [{operation: dail, status: 503}]",
    "faults: [{operation: dial, latency: [1]}]",
    "audio: loud",
    "recordings: [{problem: full}]",
    "expect: [{event: call.anwsered}]",
    "expect: [{command: answer, gets: []}]",
    "expect: [{person: dances}]",
    "variables: [a]",
    "variables: {9a: b}",
    "parameters: []",
]


@pytest.mark.parametrize("source", WRONG)
def test_an_editor_marks_what_is_wrong_by_itself(source: str) -> None:
    assert complaints(source)
    with pytest.raises(InvalidScenario):
        load_all(source.encode(), {})


WORDS = """
    true false null ~ yes no True 0 1 -1 2 2.5 .5 1e3 007 0x1F 0o17 1:30 .inf 2026-01-01 500ms 1m30s 1h soon 5% ok
    +12025550143 12025550143 +1* * sip:ada@example.com Ada http://127.0.0.1:1/x HTTP://x ${a} every when_done 90018 404
    call.answered call.bridged call.* answer retrieve_call dial assistant_says says fetch not_found duplicate busy beep
    1w2# before ended x 90099
"""
POOL = ["", *WORDS.split()]
KEYS = sorted({key for part in PARTS.values() for key in known_keys(part)} | {"from_", "with_", "<<", "colour"})
SOURCES = [yaml.load(source, LOADER) for source in (*FILES.values(), EVERYTHING, *EXAMPLES)]
PLAIN = re.compile(r"[A-Za-z0-9_.+~/][A-Za-z0-9_.+/%*-]*(?:[:][A-Za-z0-9@/][A-Za-z0-9@/.:]*)?|")


def scalar(draw: st.DrawFn, value: str) -> str:
    """A text of the file, without quotes where that is possible and the dice say so."""
    return value if PLAIN.fullmatch(value) and draw(st.booleans()) else json.dumps(value)


def flow(draw: st.DrawFn, tree: Any) -> str:
    """A tree as YAML in one line."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {flow(draw, item)}" for key, item in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(flow(draw, item) for item in tree) + "]"
    return scalar(draw, tree) or '""'


def changed(draw: st.DrawFn, tree: Any) -> Any:
    """A tree with one thing in it changed."""
    inside = isinstance(tree, (dict, list)) and tree and draw(st.integers(0, 5))
    if inside and isinstance(tree, dict):
        key = draw(st.sampled_from(sorted(tree)))
        match draw(st.integers(0, 9)):
            case 0:
                return {name: item for name, item in tree.items() if name != key}
            case 1:
                renamed = draw(st.sampled_from(KEYS))
                return {(renamed if name == key else name): item for name, item in tree.items()}
            case 2:
                return {**tree, draw(st.sampled_from(KEYS)): draw(st.sampled_from(POOL))}
            case _:
                return {**tree, key: changed(draw, tree[key])}
    if inside:
        index = draw(st.integers(0, len(tree) - 1))
        return [changed(draw, item) if index == at else item for at, item in enumerate(tree)]
    word = draw(st.sampled_from(POOL))
    return draw(st.sampled_from([word, word, word, [word], [], {}, {draw(st.sampled_from(KEYS)): word}]))


@st.composite
def almost_right(draw: st.DrawFn) -> str:
    tree = draw(st.sampled_from(SOURCES))
    for _ in range(draw(st.integers(1, 3))):
        tree = changed(draw, tree)
    return flow(draw, tree)


@given(almost_right())
def test_what_loads_is_never_marked(source: str) -> None:
    try:
        load_all(source.encode(), {})
    except InvalidScenario:
        return
    assert complaints(source) == []
