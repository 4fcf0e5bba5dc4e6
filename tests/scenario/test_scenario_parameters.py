"""`parameters`: one run for each row."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from mockserver.scenario.load import InvalidScenario, load, load_all
from mockserver.scenario.reading.rows import MOST

ROWS = """
name: menu
variables: {who: Ada, hello: "Hello ${who}"}
people:
  - number: "+12025550143"
    name: ${hello}
    outcome: ${outcome}
    answers_after: ${wait}
parameters:
  - {name: engaged, outcome: busy, wait: 2s}
  - {outcome: answer, wait: 3s}
  - {name: "2", outcome: decline, wait: "${who}"}
"""
GOOD = ROWS.replace('"${who}"}', "4s}")


def problems(text: str, row: str | int | None = None, every: bool = False) -> list[str]:
    """The problems of a text, without its name."""
    read = partial(load_all, text, name="bad.yaml") if every else partial(load, text, "bad.yaml", row=row)
    with pytest.raises(InvalidScenario) as found:
        read()
    return [problem.removeprefix("bad.yaml:") for problem in found.value.problems]


def test_there_is_a_scenario_for_each_row() -> None:
    scenarios = load_all(GOOD)
    assert [scenario.name for scenario in scenarios] == ["menu [engaged]", "menu [outcome=answer, wait=3s]", "menu [2]"]
    assert [(s.people[0].outcome, s.people[0].answers_after) for s in scenarios] == [
        ("busy", 2.0),
        ("answer", 3.0),
        ("decline", 4.0),
    ]
    assert scenarios[0].variables == {"who": "Ada", "hello": "Hello Ada", "outcome": "busy", "wait": "2s"}


def test_a_file_without_rows_is_one_scenario(tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text("people: []")
    assert [scenario.name for scenario in load_all(file)] == ["order"]
    assert [scenario.name for scenario in load_all("people: []", name="x.yaml")] == ["x"]


@pytest.mark.parametrize(
    ("row", "outcome"),
    [("engaged", "busy"), (1, "busy"), ("1", "busy"), ("outcome=answer, wait=3s", "answer"), (3, "decline")],
)
def test_a_row_is_chosen_by_its_name_or_its_number(row: str | int, outcome: str) -> None:
    assert load(GOOD, row=row).people[0].outcome == outcome


def test_a_name_is_preferred_to_a_number() -> None:
    assert load(GOOD, row="2").people[0].outcome == "decline"
    assert load(GOOD, row=2).people[0].outcome == "answer"


def test_a_row_overrides_variables_and_what_is_set_overrides_both() -> None:
    text = "variables: {a: x, b: x, c: x}\nname: ${a} ${b} ${c}\nparameters: [{b: y, c: y}]"
    [scenario] = load_all(text, sets={"c": "z"})
    assert scenario.name == "x y z [b=y, c=y]"


def test_a_row_may_refer_to_variables() -> None:
    text = "variables: {a: x}\nname: ${b}\nparameters: [{b: '${a}${a}'}]"
    assert load(text, row=1).name == "xx [b=${a}${a}]"


def test_rows_may_differ_by_their_names_alone() -> None:
    assert [each.name for each in load_all("name: x\nparameters: [{name: a}, {name: b}]")] == ["x [a]", "x [b]"]


def test_a_row_with_long_values_is_called_by_their_beginning() -> None:
    text = f'name: x\ndescription: ${{a}}\nparameters: [{{a: "{"long " * 50}"}}]'
    assert load(text, row=1).name == f"x [{('a=' + 'long ' * 12)[:59]}…]"


def test_a_long_name_is_found_by_the_whole_of_it() -> None:
    name = "a name\n" + "x" * 100
    [scenario] = load_all(f"name: x\nparameters: [{{name: {name!r}}}]".replace("'", '"'))
    assert scenario == load(f"name: x\nparameters: [{{name: {name!r}}}]".replace("'", '"'), row=name)
    assert scenario.name == f"x [a name {'x' * 52}…]"


def test_a_mistake_of_a_few_rows_names_them() -> None:
    assert problems(ROWS, every=True) == [
        '8: people[0].answers_after: "Ada" is not a duration: write seconds, or 2s, 500ms, 1m30s (row 2)'
    ]
    many = "description: ${a}\npeople: [{number: '*', answers_after: '${a}'}]\nparameters:\n- {a: 1}\n"
    assert problems(many + "".join(f"- {{a: {word}}}\n" for word in "xyzu"), every=True) == [
        f'2: people[0].answers_after: "{word}" is not a duration: write seconds, or 2s, 500ms, 1m30s (row a={word})'
        for word in "xyzu"
    ]


def test_a_mistake_of_all_rows_is_told_once() -> None:
    assert problems(GOOD.replace("+12025550143", "nobody"), every=True) == [
        '5: people[0].number: "nobody" is neither E.164 nor a SIP URI: '
        "write it like +12025550143, or sip:ada@example.com"
    ]


def test_of_the_rows_that_share_a_mistake_the_first_are_named() -> None:
    text = "name: ${a}\ndescription: ${b}\nparameters:\n- {a: '', b: 1}\n- {a: x, b: 1}\n"
    text += "".join(f"- {{name: r{n}, a: '', b: 1}}\n" for n in range(3))
    assert problems(text, every=True) == [
        "1: name: is empty: give a text, or leave the key out (row a=, b=1, r0, r1, …)"
    ]


MISTAKES = [
    ("parameters: []", ["1: parameters: is an empty list: give a list of rows, like [{keys: 1}, {keys: 2}]"]),
    ("parameters: {a: b}", ["1: parameters: is a mapping: give a list of rows, like [{keys: 1}, {keys: 2}]"]),
    (
        "parameters: [a, {}]",
        [
            '1: parameters[0]: is the text "a": give a mapping of names to texts, like {keys: 1}',
            "1: parameters[1]: is an empty mapping: give a mapping of names to texts, like {keys: 1}",
        ],
    ),
    (
        "name: ${a}\nparameters:\n- {a: [x]}\n- a:\n- {a: x, name: {}}\n- {a: z, name: ' '}",
        [
            '3: parameters[0].a: is a list: give a text, which may be ""',
            '4: parameters[1].a: is empty: give a text, which may be ""',
            '5: parameters[2].name: is an empty mapping: give a text, which may be ""',
            "6: parameters[3].name: is empty: give a text, or leave the key out",
        ],
    ),
    (
        "parameters: [{a b: x}]",
        ['1: parameters[0].a b: "a b" is no name of a variable: write a letter or _, then letters, digits, _ and -'],
    ),
    (
        "name: ${a}${b}${c}\nparameters:\n- {a: x, b: x}\n- {a: y, b: y}\n- {a: z, c: z}",
        [
            "5: parameters[2]: has no b, as parameters[0] has: give every row the same keys",
            "5: parameters[2].c: is not in parameters[0]: give every row the same keys",
        ],
    ),
    (
        "name: ${a}\nparameters:\n- {a: x, name: one}\n- {a: y, name: one}\n- {a: z}\n- {a: z}",
        [
            "4: parameters[1]: one is the name of parameters[0] already: give each row a name of its own",
            "6: parameters[3]: a=z is the name of parameters[2] already: give each row a name of its own",
        ],
    ),
    (
        "variables: {outcome: busy}\nname: ${outcome}\nparameters:\n- {outcom: busy}",
        ["4: parameters[0].outcom: nothing in the file has ${outcom}: did you mean outcome?"],
    ),
    (
        "parameters:\n- {outcome: busy}",
        [
            "2: parameters[0].outcome: nothing in the file has ${outcome}: "
            "write ${outcome} where it belongs, or leave it out"
        ],
    ),
    (
        f"name: ${{a}}\nparameters: [{', '.join(f'{{a: {n}}}' for n in range(MOST + 1))}]",
        ["2: parameters: 201 rows, more than 200: split the file"],
    ),
    (  # with rows that are wrong, nobody knows which variables there are; the rest is told
        "parameters: [x]\nname: ${a}\npeople: [{nmae: ${b}, number: '*'}]".replace("${b}", "b"),
        [
            '1: parameters[0]: is the text "x": give a mapping of names to texts, like {keys: 1}',
            "3: people[0].nmae: unknown key: did you mean name?",
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES, ids=[text[:50] for text, _ in MISTAKES])
def test_a_mistake_is_told_with_its_line(text: str, expected: list[str]) -> None:
    assert problems(text, every=True) == expected


THERE = "there are 1 (engaged), 2 (outcome=answer, wait=3s), 3 (2)"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (None, f"9: parameters: 3 rows, and none is chosen: name one, as bad.yaml#engaged or row=engaged; {THERE}"),
        ("engagde", '9: parameters: "engagde" is no row: did you mean engaged?'),
        (7, f'9: parameters: "7" is no row: {THERE}'),
        (0, f'9: parameters: "0" is no row: {THERE}'),
        ("", f'9: parameters: "" is no row: {THERE}'),
    ],
)
def test_a_row_has_to_be_chosen(row: str | int | None, told: str) -> None:
    assert problems(GOOD, row) == [told]


def test_the_first_rows_alone_are_named() -> None:
    text = "name: ${a}\nparameters:\n" + "".join(f"- {{a: {n}}}\n" for n in range(25))
    [told] = problems(text)
    assert told.startswith(
        "2: parameters: 25 rows, and none is chosen: name one, as bad.yaml#1 or row=1; there are 1 ("
    )
    assert told.endswith("20 (a=19) and 5 more")


def test_where_there_are_no_rows_none_can_be_chosen() -> None:
    assert problems("name: x", "a") == ['1: parameters: there are none, and thus no row "a": choose none']


def test_a_row_that_is_chosen_is_checked_alone() -> None:
    assert load(ROWS, row="engaged").name == "menu [engaged]"
    assert problems(ROWS, 3) == [
        '8: people[0].answers_after: "Ada" is not a duration: write seconds, or 2s, 500ms, 1m30s'
    ]
