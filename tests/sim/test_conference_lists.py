"""Lists of conferences and of their members, and one of each."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim.clock import iso
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from tests.sim.conferring import NAME, ask, confer, create, three
from tests.sim.telling import APP, CALLER, CONNECTION, events, new, talk


def test_conferences_are_listed_by_when_they_expire_the_last_first() -> None:
    simulation = new()
    for name, minutes in (("one", 3), ("two", 9), ("three", 6), ("four", 9)):
        create(simulation, talk(simulation), name, duration_minutes=minutes)
    assert [one["name"] for one in ask(simulation, "list_conferences")] == ["four", "two", "three", "one"]
    page = execute(simulation, Request("list_conferences", query={"page": {"number": 2, "size": 3}}))
    assert [one["name"] for one in page["data"]] == ["one"]
    assert page["meta"] == {"page_number": 2, "page_size": 3, "total_pages": 2, "total_results": 4}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"name": "one"}, ["one"]),
        ({"name": "none"}, []),
        ({"status": "in_progress"}, ["two"]),
        ({"status": "completed"}, ["one"]),
        ({"status": "init"}, ["three"]),
        ({"connection_id": CONNECTION}, ["three", "two", "one"]),
        ({"connection_id": "1"}, []),
        ({"from": CALLER, "to": APP}, ["three", "two", "one"]),
        ({"from": APP}, []),
        ({"product": "call_control"}, ["three", "two", "one"]),
        ({"product": "fax"}, []),
        ({"occurred_at": {"gte": "2026-01-01T00:00:01.000000Z"}}, ["three", "two"]),
        ({"occurred_at": {"gt": "2026-01-01T00:00:01.000000Z"}}, ["three"]),
        ({"occurred_at": {"eq": "2026-01-01T01:00:01+01:00"}}, ["two"]),
        ({"occurred_at": {"lt": "2026-01-01T00:00:01"}}, ["one"]),
        ({"occurred_at": {"lte": "2026-01-01T00:00:01", "gt": "2026-01-01"}}, ["two", "one"]),
        (
            {
                "application_name": {"contains": "x"},
                "failed": True,
                "type": "webhook",
                "outbound.outbound_voice_profile_id": "1",
            },
            ["three", "two", "one"],
        ),
    ],
)
def test_a_filter_leaves_out_what_does_not_fit(wanted: dict[str, Any], found: list[str]) -> None:
    simulation = new()
    create(simulation, talk(simulation), "one")
    confer(simulation, "end", "one")
    create(simulation, talk(simulation), "two")
    create(simulation, talk(simulation), "three", start_conference_on_create=False)
    assert [one["name"] for one in ask(simulation, "list_conferences", {"filter": wanted})] == found


def test_conferences_are_found_by_the_leg_that_they_are_made_of() -> None:
    simulation = new()
    leg = talk(simulation)
    create(simulation, leg)
    create(simulation, talk(simulation), "other")
    for wanted in ({"leg_id": leg.call_leg_id}, {"application_session_id": leg.call_session_id}):
        assert [one["name"] for one in ask(simulation, "list_conferences", {"filter": wanted})] == [NAME]


@pytest.mark.parametrize(
    ("name", "wanted", "blamed"),
    [
        ("list_conferences", {"nonsense": "1"}, "filter[nonsense]"),
        ("list_conferences", {"muted": True}, "filter[muted]"),
        ("list_conferences", {"occurred_at": {"eq": "yesterday"}}, "filter[occurred_at][eq]"),
        ("list_conference_participants", {"name": NAME}, "filter[name]"),
    ],
)
def test_an_unknown_filter_is_refused(name: str, wanted: dict[str, Any], blamed: str) -> None:
    simulation = new()
    create(simulation, talk(simulation))
    with pytest.raises(Refusal) as raised:
        ask(simulation, name, {"filter": wanted}, conference_id=NAME)
    (error,) = raised.value.body()["errors"]
    assert (error["code"], error["source"]) == ("10031", {"parameter": blamed})


def test_members_are_listed_in_the_order_in_which_they_came() -> None:
    simulation = new()
    conference, legs = three(simulation, mute=True, whisper_call_control_ids=["v3:x"])
    first, _, last = ask(simulation, "list_conference_participants", conference_id=conference.id)
    assert first == {
        "call_control_id": legs[0].call_control_id,
        "call_leg_id": legs[0].call_leg_id,
        "conference": {"id": conference.id, "name": NAME},
        "created_at": "2026-01-01T00:00:01.200000Z",
        "end_conference_on_exit": False,
        "id": conference.members[legs[0].call_control_id].id,
        "muted": False,
        "on_hold": False,
        "record_type": "participant",
        "soft_end_conference_on_exit": False,
        "status": "joined",
        "updated_at": "2026-01-01T00:00:01.400000Z",
        "whisper_call_control_ids": [],
    }
    assert (last["muted"], last["whisper_call_control_ids"]) == (True, ["v3:x"])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"muted": True}, [1]),
        ({"muted": False}, [0, 2]),
        ({"on_hold": True}, [2]),
        ({"whispering": True}, [0]),
        ({"whispering": False, "on_hold": False}, [1]),
    ],
)
def test_members_are_filtered(wanted: dict[str, bool], found: list[int]) -> None:
    simulation = new()
    _, legs = three(simulation)
    confer(simulation, "update", call_control_id=legs[0], supervisor_role="whisper")
    confer(simulation, "mute", call_control_ids=[legs[1]])
    confer(simulation, "hold", call_control_ids=[legs[2]])
    shown = ask(simulation, "list_conference_participants", {"filter": wanted}, conference_id=NAME)
    assert [one["call_control_id"] for one in shown] == [legs[number].call_control_id for number in found]


def test_a_member_is_joining_then_joined_then_has_left() -> None:
    simulation = new()
    create(simulation, talk(simulation))
    leg = talk(simulation)
    confer(simulation, "join", call_control_id=leg)
    assert leg.participation is not None
    path = {"id": NAME, "participant_id": leg.participation.id}
    states = [ask(simulation, "retrieve_conference_participant", **path)["status"]]
    simulation.advance(1)
    states.append(ask(simulation, "retrieve_conference_participant", **path)["status"])
    confer(simulation, "leave", call_control_id=leg)
    shown = ask(simulation, "retrieve_conference_participant", **path)
    assert [*states, shown["status"], shown["updated_at"]] == ["joining", "joined", "left", iso(simulation.now)]
    assert len(ask(simulation, "list_conference_participants", conference_id=NAME)) == 1
    with pytest.raises(Refusal, match="10005"):
        execute(simulation, Request("update_conference_participant", {}, params=path))


def test_nobody_and_nothing_is_not_found() -> None:
    simulation = new()
    create(simulation, talk(simulation))
    other = create(simulation, talk(simulation), "other")
    (elsewhere,) = (member.id for member in other.members.values())
    for participant in ("nobody", elsewhere):
        with pytest.raises(Refusal, match="10005"):
            ask(simulation, "retrieve_conference_participant", id=NAME, participant_id=participant)
    for name, key in (
        ("retrieve_conference", "id"),
        ("list_conference_participants", "conference_id"),
        ("retrieve_conference_participant", "id"),
    ):
        with pytest.raises(Refusal, match="90058"):
            ask(simulation, name, **{key: "nothing", "participant_id": "x"})


def test_looking_is_not_logged() -> None:
    simulation = new()
    create(simulation, talk(simulation))
    told = simulation.log.last_seq
    ask(simulation, "list_conferences")
    ask(simulation, "retrieve_conference", id=NAME)
    assert (simulation.log.last_seq, len(events(simulation, "conference.created"))) == (told, 1)
