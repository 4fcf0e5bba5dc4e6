"""`variables`, and what the environment and the command line put in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockserver.scenario.load import InvalidScenario, Scenario, load
from mockserver.scenario.reading import variables
from mockserver.scenario.reading.tree import MOST_BYTES

OUTSIDE = MappingProxyType({"PATIENCE": "3s", "AGE": "36", "NOTHING": "", "NUL": "null"})

ONE = "people:\n- number: '*'\n"


def problems(text: str, environment: dict[str, str] | None = None) -> list[str]:
    """The problems of a text, without its name."""
    with pytest.raises(InvalidScenario) as found:
        load(text, "bad.yaml", environment)
    return [problem.removeprefix("bad.yaml:") for problem in found.value.problems]


def test_a_variable_stands_for_its_text_wherever_a_text_stands() -> None:
    scenario = load(
        """
name: calls of ${who}
variables:
  who: Ada
  patience: 1m30s
  number: "+12025550143"
  greeting: Hello ${who}!
  secret: s
people:
  - number: ${number}
    name: ${who}
    answers_after: ${patience}
    says: ["${greeting}", "${who} ${who}${who}"]
    does: [{when: call.answered, says: "${greeting}"}]
calls:
  - {from: "${number}", to: "sip:${who}@example.com"}
secrets: {key: "${secret}${secret}"}
expect:
  - event: call.answered
    with: {from: "${number}"}
"""
    )
    [person] = scenario.to_people()
    assert (scenario.name, person.number, person.name) == ("calls of Ada", "+12025550143", "Ada")
    assert (person.answers_after, person.says) == (90.0, ("Hello Ada!", "Ada AdaAda"))
    assert scenario.people[0].does[0].says == "Hello Ada!"
    assert (scenario.calls[0].to, scenario.secrets) == ("sip:Ada@example.com", {"key": "ss"})
    assert scenario.variables["greeting"] == "Hello Ada!"


def answered(text: str, **more: Any) -> Mapping[str, tuple[Any, ...]]:
    """What the only person of a scenario answers."""
    return load(text, **more).to_people()[0].answers


@pytest.mark.parametrize(
    ("variable", "used", "becomes"),
    [
        ("36", "${x}", 36),
        ("36", '"${x}"', 36),  # the quotes are only there for YAML
        ("'36'", "${x}", "36"),
        ("36", "${x}0", 360),
        ("36", '"${x}0"', "360"),
        ("'36'", "${x}0", 360),
        ("true", "${x}", True),
        ('""', "${x}", ""),
        ('""', '"${x}${x}"', ""),
        ('""', "${x}${x}", None),
        ("'null'", "${x}", "null"),
        ("'${y}'", "${x}", 7),
        ("'${y}${y}'", "${x}", "77"),
        ("${y}${y}", "${x}", 77),
        ("$${y}", "${x}", "${y}"),
        ("x", "$${x}", "${x}"),
        ("x", "$$${x}", "$${x}"),
        ("x", "$x $ {x} {{x}}#{x}", "$x $ {x} {{x}}#{x}"),
        ("x", '"{{${x}}}"', "{{x}}"),
        ("x", '"\\x24{x}"', "x"),
    ],
)
def test_what_a_text_becomes(variable: str, used: str, becomes: Any) -> None:
    text = f"variables:\n  y: 7\n  x: {variable}\n{ONE}  answers:\n    a: {used}\n"
    assert answered(text) == {"a": (becomes,)}


def test_keys_are_never_looked_at() -> None:
    assert answered(f"variables: {{x: y}}\n{ONE}  answers:\n    ${{x}}: 1\n") == {"${x}": (1,)}


def test_variables_may_come_in_any_order() -> None:
    assert answered("variables: {a: '${b}', b: '${c}', c: 1}\n" + ONE + "  answers: {x: '${a}'}") == {"x": (1,)}


@pytest.mark.parametrize(
    ("used", "becomes"),
    [
        ("${env:AGE}", 36),
        ("'${env:AGE} years'", "36 years"),
        ("${env:NOWHERE:-37}", 37),
        ("${env:NOTHING:-37}", 37),  # as a shell has it
        ("${env:AGE:-37}", 36),
        ("${env:NOTHING}", ""),
        ("${env:NUL}", None),
        ("${env:NOWHERE:-}", ""),
        ("'${env:NOWHERE:-a: $b :-c}'", "a: $b :-c"),
        ("${x}", "3s"),
    ],
)
def test_what_the_environment_gives(used: str, becomes: Any) -> None:
    text = f"variables:\n  x: ${{env:PATIENCE}}\n{ONE}  answers:\n    a: {used}\n"
    assert answered(text, environment=OUTSIDE) == {"a": (becomes,)}


def test_a_default_does_without_the_environment() -> None:
    assert answered(ONE + "  answers:\n    a: ${env:AGE:-37}\n") == {"a": (37,)}


def test_what_comes_from_outside_is_taken_as_it_is() -> None:
    text = f"variables: {{x: 1, y: 2}}\n{ONE}  answers: {{a: '${{x}}', b: '${{env:E}}'}}\n"
    assert answered(text, environment={"E": "${y}"}, sets={"x": "${y}$${"}) == {"a": ("${y}$${",), "b": ("${y}",)}


def test_what_is_set_overrides_a_variable_and_all_that_refers_to_it() -> None:
    text = f"variables: {{who: Ada, hello: 'Hello ${{who}}'}}\n{ONE}  name: ${{hello}}\n  answers_after: ${{wait}}\n"
    scenario = load(text, sets={"who": "Bob", "wait": "4", "unknown": "x"})
    assert (scenario.people[0].name, scenario.people[0].answers_after) == ("Hello Bob", 4.0)
    assert scenario.variables == {"who": "Bob", "hello": "Hello Bob", "wait": "4"}


MISTAKES = [
    ("variables: []", ["1: variables: is an empty list: give names and their texts, like {patience: 5s}"]),
    ("variables:", ["1: variables: is empty: give names and their texts, like {patience: 5s}"]),
    ("variables: {a: , b: [x]}", ["1: variables.a: is empty", "1: variables.b: is a list"]),
    (
        "variables: {1a: x}",
        ['1: variables.1a: "1a" is no name of a variable: write a letter or _, then letters, digits, _ and -'],
    ),
    (ONE + "  name: ${x}", ["3: people[0].name: ${x} is no variable, and there are none: add it to variables, or wr"]),
    (
        "variables: {patience: 5}\n" + ONE + "  answers_after: ${patiense}",
        ["4: people[0].answers_after: ${patiense} is no variable: did you mean ${patience}?"],
    ),
    (
        "variables: {b: 5, a: 4}\n" + ONE + "  name: Hi ${PATIENCE}",
        ["4: people[0].name: ${PATIENCE} is no variable: did you mean ${env:PATIENCE}?"],
    ),
    (
        "variables: {b: 5, a: 4}\n" + ONE + "  name: Hi ${who}",
        ["4: people[0].name: ${who} is no variable: known are a, b"],
    ),
    (
        f"variables: {{{', '.join(f'a{n}: x' for n in range(30))}}}\n" + ONE + "  name: ${who}",
        ["4: people[0].name: ${who} is no variable: known are a0, a1, a10,"],
    ),
    (
        "variables:\n  a: ${b}\n  b: x${c}\n  c: ${a}\n" + ONE + "  name: ${a}",
        ["4: variables.c: a -> b -> c -> a goes round in a circle: let one of them refer to none of the others"],
    ),
    (
        "variables:\n  a: ${a}\n",
        ["2: variables.a: a -> a goes round in a circle: let one of them refer to none of the others"],
    ),
    (
        "variables:\n  a: ${nobody}\n" + ONE + "  name: ${a}",
        ["2: variables.a: ${nobody} is no variable: known are a"],
    ),
    (
        "variables: {a: x}\n" + ONE + "  name: 'a ${a'",
        ['4: people[0].name: "${a" goes on without a }: close it, or write $${ for a ${ of its own'],
    ),
    (
        "variables: {a: x}\n" + ONE + "  name: ${env:A:-${a}}",
        ['4: people[0].name: "${env:A:-" goes on without a }: close it, or write $${ for a ${ of its own'],
    ),
    (
        ONE + "  name: ${}",
        [
            '3: people[0].name: "${}" names no variable: write a letter or _, then letters, digits, _ and -, '
            "or $${ for a ${ of its own"
        ],
    ),
    (
        ONE + "  name: ${a:-b}",
        [
            '3: people[0].name: "${a:-b}" has a default, which only ${env:NAME:-text} may have: '
            "give it a text under variables"
        ],
    ),
    (ONE + "  name: ${env:1}", ['3: people[0].name: "${env:1}" is not like ${env:NAME} or ${env:NAME:-text}']),
    (
        ONE + "  name: ${env:NOWHERE}",
        [
            "3: people[0].name: NOWHERE is not set in the environment: set it, "
            "or give a default like ${env:NOWHERE:-text}"
        ],
    ),
    (
        "variables: {patience: soon}\n" + ONE + "  answers_after: ${patience}",
        ['4: people[0].answers_after: "soon" is not a duration: write seconds, or 2s, 500ms, 1m30s'],
    ),
    (
        "variables: {number: '+12025550143'}\npeople:\n- {number: '${number}'}\n- {number: '+12025550143'}",
        ["4: people[1].number: +12025550143 is in people[0] already: keep one of the two"],
    ),
    (  # what cannot be filled in is told once, and what else is wrong is told, too
        "people:\n- {number: '${x}', nmae: y}\n- {number: '${x}'}\ncalls: [{from: '${x}'}]",
        [
            "2: people[0].number: ${x} is no variable, and there are none",
            "2: people[0].nmae: unknown key: did you mean name?",
            "3: people[1].number: ${x} is no variable, and there are none",
            "4: calls[0].from: ${x} is no variable, and there are none",
            "4: calls[0].to: is missing: add it",
        ],
    ),
    (
        "applications: [{connection_id: a}]\n"
        "calls: [{from: '+12025550143', to: '+12025550144', connection_id: '${b}'}]",
        ["2: calls[0].connection_id: ${b} is no variable, and there are none"],
    ),
    (
        "people:\n- {number: ${number}}",
        ["2: not YAML: a text with ${...} needs quotes here: write them around it"],
    ),
    (
        "calls:\n- {from: '+12025550143', to: sip:${who}@example.com}",
        ["2: not YAML: a text with ${...} needs quotes here: write them around it"],
    ),
    (
        "name: ${env:X:-a: b}",
        ["1: not YAML: a text with ${...} needs quotes here: write them around it"],
    ),
    (
        "calls:\n- {from: '${who}', to: 'x}",
        ["2: not YAML: the quote that opens here is never closed"],
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES, ids=[text[:60] for text, _ in MISTAKES])
def test_a_mistake_is_told_with_its_line(text: str, expected: list[str]) -> None:
    found = problems(text, dict(OUTSIDE))
    assert len(found) == len(expected)
    for problem, begins in zip(found, expected, strict=True):
        assert problem.startswith(begins)


def test_a_text_that_is_sent_sees_no_environment() -> None:
    assert problems(ONE + "  name: ${env:HOME}") == [
        "3: people[0].name: ${env:HOME}: the environment is there only for files that the command line loads: "
        "write the text itself, or a default like ${env:HOME:-text}"
    ]


# What is bounded


def test_variables_cannot_make_a_small_file_a_huge_one() -> None:
    lines = ["  a0: xxxxxxxxxx", *(f"  a{n}: {f'${{a{n - 1}}}' * 10}" for n in range(1, 40))]
    [problem] = problems("variables:\n" + "\n".join(lines) + "\n" + ONE + "  name: ${a39}")
    assert problem == "7: variables.a5: what is put in for ${...} is more than 1,000,000 characters by now: write less"


def test_one_long_text_cannot_be_put_in_many_times() -> None:
    text = f"variables:\n  a: {'x' * (MOST_BYTES // 2)}\n{ONE}  says:\n" + "  - ${a}\n" * 10_000
    [problem] = problems(text)
    assert problem.startswith("8: people[0].says[2]: what is put in for ${...} is more than 1,000,000 characters")


def test_a_long_chain_of_variables_is_refused() -> None:
    lines = "\n".join(f"  a{n}: ${{a{n + 1}}}" for n in range(900))
    assert (
        problems(f"variables:\n{lines}\n  a900: x\n")[0]
        == "51: variables.a49: refers to the next of more than 50 variables in a row: make them fewer"
    )


def test_there_are_no_more_than_a_thousand_variables() -> None:
    text = "variables:\n" + "\n".join(f"  a{n}: x" for n in range(variables.MOST + 1))
    assert problems(text) == ["1: variables: 1,001 variables, more than 1,000: make them fewer"]


def test_of_many_mistakes_the_first_ones_alone_say_what_is_meant() -> None:
    found = problems("variables: {patience: 5}\npeople:\n" + "- {number: '*', name: '${patienze}'}\n" * 1_000)
    assert [problem.rpartition(": ")[2] for problem in found if "patienze" in problem][19:22] == [
        "did you mean ${patience}?",
        "add it to variables",
        "add it to variables",
    ]


# For any text


def loaded(text: str, **more: Any) -> Scenario | list[str]:
    """The scenario of a text, or its problems."""
    try:
        return load(text, **more)
    except InvalidScenario as invalid:
        return invalid.problems


PIECES = st.lists(
    st.sampled_from(["$", "{", "}", "${", "$${", "${a}", "${b}", "${env:", "env:A", ":-", "a", "b", " ", "{{a}}", "\n"])
).map("".join)


@given(PIECES, PIECES | st.text(), PIECES | st.text())
def test_any_text_is_filled_in_or_refused(a: str, b: str, used: str) -> None:
    tree = {"variables": {"a": a, "b": b}, "people": [{"number": "*", "answers": {"x": used}}]}
    outcome = loaded(yaml.dump(tree, allow_unicode=True), environment={"A": "1"})
    assert isinstance(outcome, Scenario) or all(problem.startswith("scenario.yaml:") for problem in outcome)


def written(tree: Mapping[str, object]) -> str:
    """A tree as a file, all texts in quotes."""
    return yaml.dump(tree, allow_unicode=True, default_style='"')


@given(st.text().filter(lambda text: "${" not in text))
def test_without_a_reference_nothing_changes(used: str) -> None:
    tree = {"people": [{"number": "*", "answers": {"x": used}}]}
    for each in (tree, {**tree, "variables": {"a": "1"}, "description": "${a}"}):
        assert answered(written(each)) == {"x": (used,)}


@given(st.text())
def test_a_doubled_sign_stands_for_itself(used: str) -> None:
    tree = {"people": [{"number": "*", "answers": {"x": used.replace("${", "$${")}}]}
    assert answered(written(tree)) == {"x": (used,)}


def test_a_file_may_be_given_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text(ONE + "  name: ${env:WHO}\n")
    assert load(file, environment={"WHO": "Ada"}).people[0].name == "Ada"
