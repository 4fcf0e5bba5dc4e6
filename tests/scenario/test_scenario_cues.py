"""People by name, people who wait for silence, and calls that come after something has happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.scenario.apply import MOST, apply
from mockserver.scenario.load import InvalidScenario, load
from mockserver.sim import cues
from mockserver.sim.audio_files import Said
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.commands import Request, execute
from mockserver.sim.cues import Happens
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Route
from mockserver.sim.parties import Incoming
from mockserver.sim.people import EVERY, Act, Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Settings

ADA, BOB, APP = "+12025550143", "+12025550162", "+12025550178"
PEOPLE = f"people: [{{number: '{ADA}', name: Ada}}, {{number: '{BOB}', name: Bob}}]\n"


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidScenario) as found:
        load(text, "bad.yaml")
    return [problem.removeprefix("bad.yaml:") for problem in found.value.problems]


# People by name


def test_a_name_stands_for_a_number_wherever_one_is_asked_for() -> None:
    scenario = load(
        PEOPLE + f"calls: [{{from: Ada, to: '{APP}'}}, {{from: '{APP}', to: Bob}}]\n"
        "faults: [{operation: dial, number: Bob, status: 503}]"
    )
    assert [(call.from_, call.to) for call in scenario.calls] == [(ADA, APP), (APP, BOB)]
    assert [fault.number for fault in scenario.to_faults()] == [BOB]


def test_a_number_stays_one_also_if_somebody_is_called_like_it() -> None:
    scenario = load(f"people: [{{number: '{ADA}', name: '{BOB}'}}]\ncalls: [{{from: '{BOB}', to: '{APP}'}}]")
    assert scenario.calls[0].from_ == ADA


def test_magic_numbers_and_those_who_are_there_already_have_names_too() -> None:
    there = [Person(ADA, "Ada"), Person(BOB, "Busy")]
    scenario = load(f"calls: [{{from: Ada, to: '{APP}'}}, {{from: Decliner, to: Busy}}]", people=there)
    assert [(call.from_, call.to) for call in scenario.calls] == [(ADA, APP), ("+15005550002", BOB)]


def test_who_is_in_the_file_goes_before_who_is_there() -> None:
    scenario = load(PEOPLE + f"calls: [{{from: Ada, to: '{APP}'}}]", people=[Person("+12025550199", "Ada")])
    assert scenario.calls[0].from_ == ADA


def test_those_who_are_included_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(PEOPLE)
    file = tmp_path / "calls.yaml"
    file.write_text(f"include: people.yaml\ncalls: [{{from: Bob, to: '{APP}'}}]")
    assert load(file).calls[0].from_ == BOB


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f"calls:\n- {{from: Adda, to: '{APP}'}}",
            '3: calls[0].from: "Adda" is neither a number nor one of the people: did you mean Ada?',
        ),
        (
            f"calls: [{{from: '{APP}', to: Charles}}]",
            '2: calls[0].to: "Charles" is neither a number nor one of the people: '
            "write one like +12025550143, or give a person this name",
        ),
        (
            f"calls: [{{from: 2025550143, to: '{APP}'}}]",
            '2: calls[0].from: "2025550143" is neither E.164 nor a SIP URI: did you mean +12025550143?',
        ),
        (
            "faults: [{operation: dial, number: bob, status: 503}]",
            '2: faults[0].number: "bob" is neither a number nor one of the people: did you mean Bob?',
        ),
        (
            "faults: [{operation: dial, number: x*, status: 503}]",
            '2: faults[0].number: "x*" is neither a number nor one of the people: '
            "write one like +12025550143, or give a person this name",
        ),
    ],
)
def test_a_name_that_nobody_has_is_a_mistake(text: str, told: str) -> None:
    assert problems(PEOPLE + text) == [told]


def test_a_name_has_to_tell_who_is_meant_where_it_is_used() -> None:
    people = (
        f"people: [{{number: '+1303*', name: All}}, {{number: '{ADA}', name: Ada}}, {{number: '{BOB}', name: Ada}}]"
    )
    assert load(people)
    assert problems(f"{people}\ncalls: [{{from: All, to: '{APP}'}}, {{from: '{APP}', to: Ada}}]") == [
        '2: calls[0].from: "All" has the pattern +1303* for a number: write the number that is meant',
        f'2: calls[1].to: "Ada" is the name of {ADA} and {BOB}: write the number that is meant',
    ]


@pytest.mark.parametrize("people", ["people: x", "people: [x, {name: [Ada]}, {number: '1', name: ''}, {name: Bob}]"])
def test_people_who_are_mistakes_themselves_have_no_names(people: str) -> None:
    found = problems(f"{people}\ncalls: [{{from: Ada, to: Bob}}]")
    assert [problem for problem in found if problem.startswith("2: ")] == [
        f'2: calls[0].{key}: "{name}" is neither a number nor one of the people: '
        "write one like +12025550143, or give a person this name"
        for key, name in (("from", "Ada"), ("to", "Bob"))
    ]


# Silence


def test_a_person_may_wait_for_silence() -> None:
    does = "{after_silence: 3s, says: Hello?}, {after_silence: 1.5, nth: every, hangs_up: true}"
    [person] = load(f"people: [{{number: '*', does: [{does}]}}]").to_people()
    assert person.acts == (
        Act("says", "Hello?", "", 1, after_silence=3.0),
        Act("hangs_up", "", "", EVERY, after_silence=1.5),
    )


def test_silence_is_waited_for_alone() -> None:
    does = "{after_silence: 3s, after: 1s, holds: true}, {after_silence: 3s, when: speak, holds: true}"
    assert problems(f"people:\n- number: '*'\n  does: [{does}]") == [
        "3: people[0].does[0]: after counts from when, and after_silence says how long already: remove after",
        "3: people[0].does[1]: has when and after_silence: give exactly one of at, when, after_silence",
    ]


# Calls after something


def test_a_call_may_wait_for_something_to_happen() -> None:
    text = f"""
calls:
  - {{from: '{ADA}', to: '{APP}', when: call.bridged, with: {{to: '+1555*', n: 2}}, nth: 2, after: 2s}}
  - {{from: '{ADA}', to: '{APP}', when: answer, nth: every}}
  - {{from: '{ADA}', to: '{APP}', at: 3}}
"""
    assert [call.to_happens() for call in load(text).calls] == [
        Happens("call.bridged", {"to": "+1555*", "n": 2}, 2, 2.0),
        Happens("answer", nth=EVERY),
        None,
    ]


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("at: 1, when: answer", ": has at and when: give one of them, and for when say how long after it in after"),
        ("after: 2s", ": after belongs to when: give it too"),
        ("at: 2s, with: {a: b}, nth: 2", ": with and nth belong to when: give it too"),
        (
            "when: call.brigded",
            '.when: "call.brigded" is no webhook and no command that can come: did you mean call.bridged?',
        ),
        ("when: answer, with: x", ".with: is the text \"x\": give fields and their values, like {to: '+12025550143'}"),
        ("when: answer, nth: x", '.nth: "x" is not a whole number from 1, nor every'),
        ("whn: answer", ".whn: unknown key: did you mean when?"),
    ],
)
def test_what_a_call_waits_for_has_to_make_sense(keys: str, told: str) -> None:
    assert problems(f"calls: [{{from: '{ADA}', to: '{APP}', {keys}}}]") == [f"1: calls[0]{told}"]


def test_a_file_has_only_so_many_calls_that_wait() -> None:
    call = f"- {{from: '{ADA}', to: '{APP}', when: answer}}\n"
    assert len(load("calls:\n" + call * cues.MOST).calls) == cues.MOST
    assert problems("calls:\n" + call * (cues.MOST + 1)) == [
        "1: calls: 1,001 wait for something to happen, more than 1,000: make them fewer"
    ]


def test_it_comes_so_long_after_that_with_what_it_carries() -> None:
    simulation = Simulation(Settings(route=Route("http://app")))
    text = (
        f"applications: [{{connection_id: one}}]\n{PEOPLE}calls:\n- {{from: Bob, to: '{APP}', when: call.initiated,"
        f" with: {{from: '{ADA}'}}, after: 1500ms, from_display_name: B, custom_headers: [{{name: X, value: y}}],"
        f" webhook_url: 'http://other/hook'}}\n- {{from: Ada, to: '{APP}', at: 2s}}"
    )
    apply(load(text), simulation)
    simulation.advance(5)
    first, second = [entry for entry in simulation.log.entries if entry.name == "call.initiated"]
    payload = second.data["payload"]
    assert [(entry.at - EPOCH) / SECOND for entry in (first, second)] == [2.0, 3.5]
    assert (second.route, payload["connection_id"]) == (Route("http://other/hook"), "one")
    assert (payload["from"], payload["caller_id_name"]) == (BOB, "B")
    assert payload["custom_headers"] == [{"name": "X", "value": "y"}]
    assert simulation.world.cues == {}


def test_it_counts_from_when_the_scenario_came() -> None:
    simulation = Simulation()
    ring = f"calls: [{{from: '{ADA}', to: '{APP}'}}]"
    apply(load(ring), simulation)
    simulation.advance(1)
    apply(load(f"calls: [{{from: '{BOB}', to: '{APP}', when: call.initiated}}]"), simulation)
    simulation.advance(1)
    assert len(simulation.world.legs) == 1
    apply(load(ring), simulation)
    simulation.advance(1)
    assert [leg.from_ for leg in simulation.world.legs.values()] == [ADA, ADA, BOB]


# How much there may be


@pytest.mark.parametrize("text", ["people: [{number: '+99'}]", "audio: [{url: x, seconds: 1}]", "secrets: {x: y}"])
def test_a_world_has_room_for_so_much_and_what_is_too_much_changes_nothing(text: str) -> None:
    simulation = Simulation()
    world = simulation.world
    world.people = [Person(str(number)) for number in range(MOST)]
    world.audio = [Said(url="x")] * MOST
    world.secrets = {str(number): "" for number in range(MOST)}
    with pytest.raises(Refusal) as refusal:
        apply(load(f"applications: [{{connection_id: one}}]\n{text}"), simulation)
    what = text.partition(":")[0]
    assert f"There would be 50,001 {what}, more than 50,000: reset the world, or add fewer." in str(refusal.value)
    assert world.applications == {}


def test_who_takes_the_place_of_somebody_needs_no_room() -> None:
    simulation = Simulation()
    simulation.world.people = [Person(f"+1202555{number:05}") for number in range(MOST)]
    apply(load("people: [{number: '+120255500007', name: Ada}]"), simulation)
    assert (len(simulation.world.people), simulation.world.people[0].name) == (MOST, "Ada")


def test_calls_that_wait_need_room_too() -> None:
    simulation = Simulation()
    for _ in range(cues.MOST):
        cues.add(simulation, Happens("answer"), Incoming(ADA, APP))
    with pytest.raises(Refusal):
        apply(load(f"secrets: {{x: y}}\ncalls: [{{from: '{ADA}', to: '{APP}', when: answer}}]"), simulation)
    assert simulation.world.secrets == {}


def test_whoever_is_named_is_who_a_fault_is_about() -> None:
    simulation = Simulation()
    apply(load(PEOPLE + "faults: [{operation: dial, number: Bob, error: '90041'}]"), simulation)
    body = {"connection_id": "1", "from": APP}
    assert execute(simulation, Request("dial", {**body, "to": ADA}))
    with pytest.raises(Refusal):
        execute(simulation, Request("dial", {**body, "to": BOB}))
