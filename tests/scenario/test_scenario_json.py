"""A scenario written as JSON means what it says."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockserver.scenario.load import InvalidScenario, load
from mockserver.scenario.reading.from_json import as_yaml
from mockserver.sim.people import Act

texts = st.text(st.characters(exclude_categories=["Cs"]))
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
"""YAML takes a key of 1,024 bytes at most."""

values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inside: st.lists(inside) | st.dictionaries(keys, inside),
    max_leaves=8,
)


def as_texts(value: object) -> object:
    """A value as YAML reads it without knowing of types."""
    if isinstance(value, dict):
        return {key: as_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


@given(st.dictionaries(keys, values), st.booleans(), st.sampled_from([None, 1]))
def test_json_is_read_as_yaml_that_means_the_same(value: object, in_ascii: bool, indent: int | None) -> None:
    written = json.dumps(value, ensure_ascii=in_ascii, indent=indent)
    assert yaml.load(as_yaml(written), yaml.CBaseLoader) == as_texts(value)
    assert as_yaml(written).count("\n") == written.count("\n")


@pytest.mark.parametrize(
    "text", ["people: []", "{people: []}", "[1]", "", "{", '{"a": 1} x', '{"a": ' + "[" * 100_000, "{'a': 1}"]
)
def test_what_is_no_json_object_stays_as_it_is(text: str) -> None:
    assert as_yaml(text) == text


def test_its_numbers_and_truth_values_are_what_they_mean() -> None:
    scenario = load(
        json.dumps(
            {
                "people": [
                    {
                        "number": "+12025550143",
                        "name": "Zoë 🎻\u2028",
                        "answers_after": 1.5,
                        "silent": False,
                        "presses": [1, "2#"],
                        "answers": {"age": 36, "zip": "01234", "here": True, "name": None},
                        "does": [{"after_silence": 3, "nth": 2, "hangs_up": True}],
                    }
                ],
                "calls": [{"from": "Zoë 🎻\u2028", "to": "+12025550178"}],
            }
        )
    )
    [person] = scenario.to_people()
    assert (person.name, person.answers_after, person.presses) == ("Zoë 🎻\u2028", 1.5, ("1", "2#"))
    assert person.answers == {"age": (36,), "zip": ("01234",), "here": (True,), "name": (None,)}
    assert person.acts == (Act("hangs_up", "", "", 2, after_silence=3.0),)
    assert scenario.calls[0].from_ == "+12025550143"


def test_its_mistakes_are_told_with_their_lines() -> None:
    people = '"people": [{"number": "+1202*",\n "number": "*"}]'
    text = f'{{\n\t{people},\n "calls": [{{"from": "🎻", "to": 1.5}}],\n "poeple": {{}}}}'
    with pytest.raises(InvalidScenario) as found:
        load(text, "mine")
    assert found.value.problems == [
        "mine:3: number: is there twice, first in line 2: keep one of the two",
        'mine:4: calls[0].from: "🎻" is neither a number nor one of the people: '
        "write one like +12025550143, or give a person this name",
        'mine:4: calls[0].to: "1.5" is neither E.164 nor a SIP URI: write it like +12025550143, or sip:ada@example.com',
        "mine:5: poeple: unknown key: did you mean people?",
    ]
