"""`include`: a scenario made of several files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mockserver.scenario.load import InvalidScenario, Scenario, load
from mockserver.scenario.reading.files import DEEPEST, MOST_FILES
from mockserver.scenario.reading.tree import MOST_BYTES

ADA, BOB, CAT = "+12025550143", "+12025550144", "+12025550145"


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """The first of the files, all of them written to a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / next(iter(files))


def read(folder: Path, **files: str) -> Scenario:
    return load(written(folder, {f"{name}.yaml": text for name, text in files.items()}))


def problems(folder: Path, files: Mapping[str, str]) -> list[str]:
    """The problems of the first of the files, without the folder."""
    with pytest.raises(InvalidScenario) as found:
        load(written(folder, files))
    return [problem.replace(f"{folder}/", "") for problem in found.value.problems]


def test_the_lists_of_an_included_file_come_behind_the_own_ones(tmp_path: Path) -> None:
    scenario = read(
        tmp_path,
        main=f"""
include: more.yaml
people: [{{number: "{ADA}", name: own}}]
applications: [{{connection_id: a}}]
calls: [{{from: "{ADA}", to: "{CAT}", connection_id: b}}]
assistants: [{{id: a}}]
errors: [{{command: answer, code: "90018"}}]
faults: [{{operation: dial, status: 500}}]
audio: [{{url: "*/a.wav", seconds: 1}}]
recordings: [{{problem: Internal server error}}]
expect: [{{event: call.answered}}]
secrets: {{a: own, b: own}}
""",
        more=f"""
name: another
description: ignored
people: [{{number: "{ADA}", name: other}}, {{number: "{BOB}", name: other}}]
applications: [{{connection_id: a, active: false}}, {{connection_id: b}}]
calls: [{{from: "{BOB}", to: "{CAT}"}}]
assistants: [{{id: a, greeting: other}}, {{id: b}}]
errors: [{{command: answer, code: "90034"}}, {{command: answer, nth: 2, code: "90034"}}]
faults: [{{operation: dial, status: 500}}]
audio: [{{url: "*/a.wav", seconds: 2}}, {{media: a.wav, seconds: 2}}]
recordings: [{{problem: Unsupported backend}}, {{nth: 2, problem: Unsupported backend}}]
expect: [{{event: call.hangup}}]
secrets: {{b: other, c: other}}
""",
    )
    assert (scenario.name, scenario.description) == ("main", "")
    assert [(person.number, person.name) for person in scenario.people] == [(ADA, "own"), (BOB, "other")]
    assert [(part.connection_id, part.active) for part in scenario.applications] == [("a", None), ("b", None)]
    assert [call.from_ for call in scenario.calls] == [ADA, BOB]
    assert [(assistant.id, assistant.greeting) for assistant in scenario.assistants] == [("a", ""), ("b", "")]
    assert [(error.nth, error.code) for error in scenario.errors] == [(1, "90018"), (2, "90034")]
    assert len(scenario.faults) == 2
    assert [(audio.url, audio.media, audio.seconds) for audio in scenario.audio] == [
        ("*/a.wav", None, 1.0),
        (None, "a.wav", 2.0),
    ]
    assert [(part.nth, part.problem) for part in scenario.recordings] == [
        (1, "Internal server error"),
        (2, "Unsupported backend"),
    ]
    assert list(map(str, scenario.to_expectations())) == ["call.answered", "call.hangup"]
    assert scenario.secrets == {"a": "own", "b": "own", "c": "other"}


def test_an_own_pattern_may_hide_people_of_an_included_file(tmp_path: Path) -> None:
    scenario = read(tmp_path, main="include: more.yaml\npeople: [{number: '*'}]", more=f"people: [{{number: '{ADA}'}}]")
    assert [person.number for person in scenario.people] == ["*", ADA]


def test_variables_of_an_included_file_are_defaults(tmp_path: Path) -> None:
    scenario = read(
        tmp_path,
        main="include: more.yaml\nvariables: {shop: ACME, hello: 'Hi, ${greeting}'}\ndescription: ${hello}",
        more="variables: {shop: none, greeting: 'Welcome to ${shop}'}\nassistants: [{id: a, greeting: '${hello}'}]",
    )
    assert scenario.description == scenario.assistants[0].greeting == "Hi, Welcome to ACME"


def test_files_are_found_beside_the_one_that_includes_them_and_read_once(tmp_path: Path) -> None:
    files = {
        "main.yaml": f"include: [a/one.yaml, a/b/two.yaml]\npeople: [{{number: '{ADA}'}}]",
        "a/one.yaml": f"include: b/two.yaml\npeople: [{{number: '{BOB}'}}]",
        "a/b/two.yaml": f"include: ../../three.yaml\npeople: [{{number: '{CAT}'}}]\nexpect: [{{event: call.answered}}]",
        "three.yaml": "people: [{number: '*'}]",
    }
    scenario = load(written(tmp_path, files))
    assert [person.number for person in scenario.people] == [ADA, BOB, CAT, "*"]
    assert len(scenario.expect) == 1


def test_a_mistake_in_an_included_file_is_told_with_that_file(tmp_path: Path) -> None:
    files = {
        "main.yaml": "include: lib/more.yaml\nvariables: {own: x}\npeople:\n- number: nobody\n",
        "lib/more.yaml": "# people\npeople:\n- {number: '${n}', name: '${own}'}\n- {number: '*', outcome: bussy}\n",
    }
    assert problems(tmp_path, files) == [
        'main.yaml:4: people[0].number: "nobody" is neither E.164 nor a SIP URI: '
        "write it like +12025550143, or sip:ada@example.com",
        "lib/more.yaml:3: people[0].number: ${n} is no variable: known are own",
        'lib/more.yaml:4: people[1].outcome: "bussy" is none of answer, busy, decline, no_answer, unassigned: '
        "did you mean busy?",
    ]


def test_a_connection_that_no_file_has_is_told(tmp_path: Path) -> None:
    files = {
        "main.yaml": "include: more.yaml\napplications: [{connection_id: a}]",
        "more.yaml": "applications: [{connection_id: b}]\n"
        f"calls:\n- {{from: '{ADA}', to: '{BOB}', connection_id: c}}",
    }
    assert problems(tmp_path, files) == [
        'more.yaml:3: calls[0].connection_id: "c" is none of applications: add it there'
    ]


def test_who_may_be_in_a_file_that_cannot_be_read_is_not_missed(tmp_path: Path) -> None:
    files = {
        "main.yaml": f"include: more.yaml\napplications: [{{connection_id: a}}]\n"
        f"calls: [{{from: '{ADA}', to: '{BOB}', connection_id: b}}]",
        "more.yaml": "a: [",
    }
    assert [problem.partition(":")[0] for problem in problems(tmp_path, files)] == ["more.yaml"]


MISTAKES = {
    "empty": ("include:", ["1: include: is empty: give a file, or a list of files"]),
    "blank": ("include: ['']", ["1: include[0]: is empty: give a file, or a list of files"]),
    "mapping": ("include: {a: b}", ["1: include: is a mapping: give a file, or a list of files"]),
    "variable": (
        "variables: {x: y}\ninclude: ${x}.yaml",
        ['2: include: "${x}.yaml": files are named as they are, without ${...}'],
    ),
    "missing": ("include:\n- nobody.yaml", ['2: include[0]: "nobody.yaml" is not there: no file nobody.yaml']),
    "meant": ("include: mane.yaml", ['1: include: "mane.yaml" is not there: did you mean main.yaml?']),
    "nowhere": ("include: a/x.yaml", ['1: include: "a/x.yaml" is not there: no file a/x.yaml']),
    "folder": ("include: .", ['1: include: "." is a folder: name its files one by one']),
    "itself": (
        "include: ./main.yaml",
        ["1: include: main.yaml -> main.yaml goes round in a circle: leave one of these out"],
    ),
    "the rest": (
        "include: x.yaml\nname: [a]\ndescription: ${unknown}",
        [
            '1: include: "x.yaml" is not there: no file x.yaml',
            "2: name: is a list: give a text, or leave the key out",
        ],
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_of_an_include_is_told_at_its_line(tmp_path: Path, case: str) -> None:
    text, expected = MISTAKES[case]
    assert problems(tmp_path, {"main.yaml": text}) == [f"main.yaml:{problem}" for problem in expected]


def test_a_file_name_that_no_system_takes_is_told(tmp_path: Path) -> None:
    [long] = problems(tmp_path, {"main.yaml": f"include: {'x' * 300}"})
    assert long.startswith('main.yaml:1: include: "xxxx')
    [null] = problems(tmp_path, {"main.yaml": 'include: "a\\0b"'})
    assert null.startswith('main.yaml:1: include: "a\0b"')


def test_files_that_include_each_other_are_told(tmp_path: Path) -> None:
    files = {"main.yaml": "include: a/x.yaml", "a/x.yaml": "\ninclude: y.yaml", "a/y.yaml": "include: ../a/x.yaml"}
    assert problems(tmp_path, files) == [
        "a/y.yaml:1: include: a/x.yaml -> a/y.yaml -> a/x.yaml goes round in a circle: leave one of these out"
    ]


def test_an_included_file_has_no_rows(tmp_path: Path) -> None:
    files = {"main.yaml": "include: more.yaml", "more.yaml": "name: x\nparameters: [{a: b}]"}
    assert problems(tmp_path, files) == [
        "more.yaml:2: parameters: only the file that is loaded has rows, not one that it includes: move them there"
    ]


def test_what_is_no_scenario_cannot_be_included(tmp_path: Path) -> None:
    files = {
        "main.yaml": "include: [a.yaml, b.yaml, c.yaml]\nname: ${x}",
        "a.yaml": "- a",
        "b.yaml": "",
        "c.yaml": "a: [",
    }
    assert problems(tmp_path, files)[:2] == [
        "a.yaml:1: the file is a list: a scenario is a mapping with people, calls and so on",
        "b.yaml:1: the file is empty: a scenario has people, calls, assistants, errors, expect",
    ]


def test_an_included_file_has_to_be_utf_8(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_bytes(b"name: a\n\ndescription: caf\xe9\n")
    assert problems(tmp_path, {"main.yaml": "include: more.yaml"}) == [
        "more.yaml:3: the byte 0xE9 is not UTF-8: save the file in UTF-8"
    ]


def test_a_text_cannot_include() -> None:
    with pytest.raises(InvalidScenario) as found:
        load("name: x\ninclude: more.yaml")
    assert found.value.problems == [
        "scenario.yaml:2: include: a text has no folder to find files in: write all in one text, or load it from a file"
    ]


# What is bounded


def test_no_more_than_ten_files_include_one_another(tmp_path: Path) -> None:
    files = {f"f{n}.yaml": f"include: f{n + 1}.yaml" for n in range(DEEPEST)}
    assert problems(tmp_path, {**files, f"f{DEEPEST}.yaml": "name: x"}) == [
        'f9.yaml:1: include: "f10.yaml" is included by 10 files in a row: make them fewer'
    ]


def test_there_are_no_more_than_a_hundred_files(tmp_path: Path) -> None:
    names = [f"f{n}.yaml" for n in range(MOST_FILES)]
    files = {"main.yaml": "include:\n" + "\n".join(f"- {name}" for name in names), **dict.fromkeys(names, "name: x")}
    assert problems(tmp_path, files) == [
        'main.yaml:101: include[99]: "f99.yaml" is one more than 100 files: make them fewer'
    ]


def test_all_files_together_are_no_longer_than_one_may_be(tmp_path: Path) -> None:
    half = "#" * (MOST_BYTES // 2)
    files = {"main.yaml": "include: [a.yaml, b.yaml]", "a.yaml": f"name: x\n{half}", "b.yaml": f"name: x\n{half}"}
    assert problems(tmp_path, files) == [
        'main.yaml:1: include[1]: with "b.yaml" it is more than 1,000,000 bytes in all: write less'
    ]


def test_all_files_together_have_no_more_parts_than_one_may_have(tmp_path: Path) -> None:
    names = "name: x\nx: [" + "y, " * 30_000 + "]"
    files = {"main.yaml": "include: [a.yaml, b.yaml]", "a.yaml": names, "b.yaml": names}
    assert problems(tmp_path, files)[0] == (
        'main.yaml:1: include[1]: with "b.yaml" it is more than 50,000 parts in all: write less'
    )


def test_all_files_together_have_no_more_faults_than_a_world(tmp_path: Path) -> None:
    faults = "faults:\n" + "- {operation: dial, status: 500}\n" * 600
    files = {"main.yaml": f"name: x\ninclude: a.yaml\n{faults}", "a.yaml": faults}
    assert problems(tmp_path, files) == [
        "main.yaml:2: include: 1,200 faults with those that are included, more than 1,000: make them fewer"
    ]
