"""Conferences from their creation to their end: who comes, who goes, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim.clock import SECOND, iso
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Route
from mockserver.sim.legs import person_hangs_up
from mockserver.sim.people import Person
from mockserver.sim.states import CONFERENCE, PARTICIPANT
from mockserver.sim.world import Leg
from tests.sim.conferring import NAME, ask, confer, create, refused, since, three
from tests.sim.telling import CALLEE, UNKNOWN, code, dial, do, events, names, new, refusal, ring, talk

# The beginning


def test_a_conference_has_the_leg_in_it_that_it_is_made_of() -> None:
    simulation = new()
    leg = talk(simulation)
    told = simulation.log.last_seq
    asked = {"call_control_id": leg.call_control_id, "name": NAME, "client_state": "QQ==", "region": "Europe"}
    answer = execute(simulation, Request("create_conference", asked))["data"]
    assert answer == {
        "connection_id": leg.connection_id,
        "created_at": iso(simulation.now),
        "expires_at": iso(simulation.now + 4 * 3600 * SECOND),
        "id": next(iter(simulation.world.conferences)),
        "name": NAME,
        "record_type": "conference",
        "region": "Europe",
        "status": "in_progress",
        "updated_at": iso(simulation.now),
    }
    simulation.advance(1)
    assert since(simulation, told) == [
        ("0.400", "app", "create_conference"),
        ("0.600", "telnyx", "conference.created"),
        ("0.600", "telnyx", "conference.participant.joined"),
    ]
    assert [payload["client_state"] for payload in events(simulation, "conference.created")] == ["QQ=="]


def test_a_leg_that_is_just_being_answered_enters_when_it_is() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    create(simulation, leg)
    simulation.advance(1)
    assert since(simulation, 2) == [
        ("0.000", "app", "answer"),
        ("0.000", "app", "create_conference"),
        ("0.400", "telnyx", "call.answered"),
        ("0.600", "telnyx", "conference.created"),
        ("0.600", "telnyx", "conference.participant.joined"),
    ]


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"max_participants": 1}, "The value is outside of allowed range 2 to 800"),
        ({"max_participants": 801}, "The value is outside of allowed range 2 to 800"),
        ({"duration_minutes": 0}, "The value is outside of allowed range 1 to infinity"),
    ],
)
def test_numbers_out_of_bounds_are_refused(options: dict[str, int], detail: str) -> None:
    simulation = new()
    leg = talk(simulation)
    (error,) = refusal(simulation, "create_conference", call_control_id=leg.call_control_id, name=NAME, **options)
    assert (error["code"], error["detail"], error["source"]["pointer"]) == ("10033", detail, f"/{next(iter(options))}")


def test_two_things_to_hear_on_hold_are_refused() -> None:
    simulation = new()
    leg = talk(simulation)
    both = {"hold_audio_url": "https://media.example/a.mp3", "hold_media_name": "a"}
    assert code(simulation, "create_conference", call_control_id=leg.call_control_id, name=NAME, **both) == "10027"
    config = {"conference_name": NAME, **both}
    asked = {"to": CALLEE, "from_": "+12025550100", "connection_id": "1", "conference_config": config}
    assert code(simulation, "dial", **asked) == "10027"
    create(simulation, leg)
    assert refused(simulation, "join", call_control_id=talk(simulation), **both) == "10027"
    assert refused(simulation, "hold", audio_url="https://media.example/a.mp3", media_name="a") == "10027"


def test_only_one_conference_that_goes_on_has_a_name() -> None:
    simulation = new()
    first, second = talk(simulation), talk(simulation)
    one = create(simulation, first)
    asked = {"call_control_id": second.call_control_id, "name": NAME}
    assert code(simulation, "create_conference", **asked) == "90033"
    confer(simulation, "end")
    assert code(simulation, "create_conference", **asked) == "ok"
    simulation.advance(1)
    assert ask(simulation, "retrieve_conference", id=NAME)["id"] != one.id
    assert ask(simulation, "retrieve_conference", id=one.id)["status"] == "completed"


# The joint table: a leg, a conference, and whether the one may join the other

JOINS = """
            going  full   waiting  ending  over   unknown
dialed      90034  90034  90034    90019   90019  90058
ringing     90034  90034  90034    90019   90019  90058
parked      90034  90034  90034    90019   90019  90058
answering   ok     90032  ok       90019   90019  90058
answered    ok     90032  ok       90019   90019  90058
bridged     ok     90032  ok       90019   90019  90058
elsewhere   ok     90032  ok       90019   90019  90058
inside      90044  90044  90044    90019   90019  90058
ending      90018  90018  90018    90019   90019  90058
ended       90018  90018  90018    90019   90019  90058
nobody      90015  90015  90015    90019   90019  90058
"""
ROWS = [line.split() for line in JOINS.strip().splitlines()]
CASES = [
    pytest.param(row[0], column, outcome, id=f"{row[0]}-{column}")
    for row in ROWS[1:]
    for column, outcome in zip(ROWS[0], row[1:], strict=True)
]
OTHERS = """
                     going  waiting  ending  over   unknown
leave                ok     ok       90019   90019  90058
mute                 ok     ok       90019   90019  90058
unmute               ok     ok       90019   90019  90058
hold                 ok     ok       90019   90019  90058
unhold               ok     ok       90019   90019  90058
update               ok     ok       90019   90019  90058
play                 ok     ok       90019   90019  90058
speak                ok     ok       90019   90019  90058
stop                 ok     ok       90019   90019  90058
send_dtmf            ok     ok       90019   90019  90058
gather_using_audio   ok     ok       90019   90019  90058
record_start         ok     ok       90019   90019  90058
record_stop          ok     ok       90019   90019  90058
record_pause         ok     ok       90019   90019  90058
record_resume        ok     ok       90019   90019  90058
end                  ok     ok       90019   90019  90058
"""
OTHER_ROWS = [line.split() for line in OTHERS.strip().splitlines()]
OTHER_CASES = [
    pytest.param(row[0], column, outcome, id=f"{row[0]}-{column}")
    for row in OTHER_ROWS[1:]
    for column, outcome in zip(OTHER_ROWS[0], row[1:], strict=True)
]
BODIES: dict[str, dict[str, Any]] = {
    "update": {"supervisor_role": "barge"},
    "play": {"audio_url": "https://media.example/a.mp3"},
    "speak": {"payload": "Hello.", "voice": "female"},
    "send_dtmf": {"digits": "1"},
    "gather_using_audio": {"audio_url": "https://media.example/a.mp3"},
    "record_start": {"format": "mp3"},
}
OF_ONE = ("leave", "update", "gather_using_audio")


class Meeting:
    """A conference brought into a state, and legs brought into theirs, by nothing but commands and time."""

    def __init__(self, state: str) -> None:
        self.simulation = new(Person(CALLEE, answers_after=5.0))
        self.inside = talk(self.simulation)
        self.other = talk(self.simulation)
        if state == "unknown":
            return
        waits = {"start_conference_on_create": False} if state == "waiting" else {}
        create(self.simulation, self.inside, **waits, **({"max_participants": 2} if state == "full" else {}))
        if state == "full":
            confer(self.simulation, "join", call_control_id=talk(self.simulation))
        if state in ("ending", "over"):
            confer(self.simulation, "end")
        if state == "over":
            self.simulation.advance(1)

    def leg(self, state: str) -> str:
        simulation = self.simulation
        if state == "nobody":
            return UNKNOWN
        if state == "inside":
            return self.inside.call_control_id
        leg = dial(simulation) if state in ("dialed", "ringing") else ring(simulation)
        if state == "ringing":
            simulation.advance(0.3)
        elif state not in ("dialed", "parked"):
            do(simulation, "answer", leg)
            self.bring(leg, state)
        return leg.call_control_id

    def bring(self, leg: Leg, state: str) -> None:
        """Bring a leg that is being answered further."""
        simulation = self.simulation
        if state != "answering":
            simulation.advance_to(leg.due_at)
        if state == "bridged":
            do(simulation, "bridge", leg, call_control_id=self.other.call_control_id)
            simulation.advance(0.1)
        elif state == "elsewhere":
            create(simulation, leg, "elsewhere")
        elif state == "ending":
            do(simulation, "hangup", leg)
        elif state == "ended":
            person_hangs_up(simulation, leg)


@pytest.mark.parametrize(("leg", "conference", "outcome"), CASES)
def test_whether_a_leg_may_join_is_a_matter_of_both(leg: str, conference: str, outcome: str) -> None:
    if conference == "ending":  # which lasts for a moment only, so the leg is made first
        meeting = Meeting("going")
        who = meeting.leg(leg)
        confer(meeting.simulation, "end")
    else:
        meeting = Meeting(conference)
        who = meeting.leg(leg)
    assert refused(meeting.simulation, "join", call_control_id=who) == outcome


@pytest.mark.parametrize(("name", "state", "outcome"), OTHER_CASES)
def test_a_command_is_taken_or_refused_by_the_state_of_its_conference(name: str, state: str, outcome: str) -> None:
    meeting = Meeting(state)
    body = dict(BODIES.get(name, {}))
    if name in OF_ONE:
        body["call_control_id"] = meeting.inside
    elif name == "unhold":
        body["call_control_ids"] = [meeting.inside]
    assert refused(meeting.simulation, name, **body) == outcome


@pytest.mark.parametrize("name", OF_ONE)
@pytest.mark.parametrize(("who", "outcome"), [("nobody", "90015"), ("ended", "90018"), ("elsewhere", "10027")])
def test_a_command_on_a_member_is_refused_for_anybody_else(name: str, who: str, outcome: str) -> None:
    meeting = Meeting("going")
    body = {**BODIES.get(name, {}), "call_control_id": meeting.leg(who)}
    assert refused(meeting.simulation, name, **body) == outcome


@pytest.mark.parametrize("name", ["mute", "hold", "play", "speak", "stop", "send_dtmf"])
@pytest.mark.parametrize(("who", "outcome"), [("nobody", "90015"), ("ended", "90018"), ("elsewhere", "10027")])
def test_nobody_else_may_be_in_a_list_of_members(name: str, who: str, outcome: str) -> None:
    meeting = Meeting("going")
    listed = [meeting.inside.call_control_id, meeting.leg(who)]
    assert refused(meeting.simulation, name, **BODIES.get(name, {}), call_control_ids=listed) == outcome
    assert meeting.simulation.world.conference_names[NAME].members[meeting.inside.call_control_id].muted is False


def test_a_conference_that_is_over_and_a_member_who_left_never_come_back() -> None:
    for table, last in ((CONFERENCE, "completed"), (PARTICIPANT, "left")):
        assert last in table.values()
        assert last not in {state for state, _ in table}


# Coming and going


def test_who_leaves_is_parked_and_the_last_one_ends_it() -> None:
    simulation = new()
    _, legs = three(simulation)
    told = simulation.log.last_seq
    for leg in legs:
        confer(simulation, "leave", call_control_id=leg)
        simulation.advance(1)
    assert since(simulation, told) == [
        ("2.200", "telnyx", "conference.participant.left"),
        ("2.200", "app", "conference_leave"),
        ("3.200", "telnyx 2", "conference.participant.left"),
        ("3.200", "app 2", "conference_leave"),
        ("4.200", "telnyx 3", "conference.participant.left"),
        ("4.200", "telnyx", "conference.ended all_left"),
        ("4.200", "app 3", "conference_leave"),
    ]
    assert {leg.state for leg in legs} == {"answered"}
    shown = ask(simulation, "retrieve_conference", id=NAME)
    assert (shown["status"], shown["end_reason"]) == ("completed", "all_left")
    assert shown["ended_by"] == {
        "call_control_id": legs[2].call_control_id,
        "call_session_id": legs[2].call_session_id,
    }


def test_who_joins_another_conference_leaves_the_first() -> None:
    simulation = new()
    _, legs = three(simulation)
    create(simulation, talk(simulation), "other")
    told = simulation.log.last_seq
    confer(simulation, "join", "other", call_control_id=legs[1])
    simulation.advance(1)
    assert since(simulation, told) == [
        ("2.800", "telnyx 2", "conference.participant.left"),
        ("2.800", "app 2", "conference_join"),
        ("3.000", "telnyx 2", "conference.participant.joined"),
    ]


def test_who_joins_leaves_a_bridge_a_queue_and_what_is_played() -> None:
    simulation = new()
    one, other = talk(simulation), talk(simulation)
    create(simulation, talk(simulation))
    do(simulation, "bridge", one, call_control_id=other.call_control_id, park_after_unbridge="self")
    simulation.advance(1)
    told = simulation.log.last_seq
    confer(simulation, "join", call_control_id=other)
    do(simulation, "enqueue", one, queue_name="support")
    do(simulation, "playback_start", one, audio_url="https://media.example/wait.mp3", loop="infinity")
    simulation.advance(1)
    confer(simulation, "join", call_control_id=one)
    simulation.advance(1)
    assert since(simulation, told) == [
        ("2.400", "app 2", "conference_join"),
        ("2.400", "app", "enqueue"),
        ("2.400", "app", "playback_start"),
        ("2.600", "telnyx 2", "conference.participant.joined"),
        ("2.700", "telnyx", "call.enqueued"),
        ("2.900", "telnyx", "call.playback.started"),
        ("3.400", "telnyx", "call.playback.ended cancelled"),
        ("3.400", "telnyx", "call.dequeued bridged"),
        ("3.400", "app", "conference_join"),
        ("3.600", "telnyx", "conference.participant.joined"),
    ]
    assert (one.bridged_with, other.bridged_with, one.waiting) == (None, None, None)


def test_who_is_bridged_leaves_the_conference() -> None:
    simulation = new()
    _, legs = three(simulation)
    other = talk(simulation)
    told = simulation.log.last_seq
    do(simulation, "bridge", legs[1], call_control_id=other.call_control_id)
    simulation.advance(1)
    assert [row[2] for row in since(simulation, told)] == [
        "bridge",
        "conference.participant.left",
        "call.bridged",
        "call.bridged",
    ]


def test_a_hangup_is_told_before_what_comes_of_it() -> None:
    simulation = new()
    leg = talk(simulation)
    create(simulation, leg)
    told = simulation.log.last_seq
    person_hangs_up(simulation, leg)
    simulation.advance(10)
    assert since(simulation, told) == [
        ("0.600", "person", "hangs_up normal"),
        ("0.600", "telnyx", "call.hangup normal_clearing caller 200"),
        ("0.600", "telnyx", "conference.participant.left"),
        ("0.600", "telnyx", "conference.ended all_left"),
    ]


def test_nothing_is_told_of_what_was_over_before_it_was_known() -> None:
    simulation = new()
    leg = talk(simulation)
    told = simulation.log.last_seq
    execute(simulation, Request("create_conference", {"call_control_id": leg.call_control_id, "name": NAME}))
    simulation.advance(0.1)
    confer(simulation, "leave", call_control_id=leg)
    simulation.advance(10)
    assert [row[2] for row in since(simulation, told)] == ["create_conference", "conference_leave"]


# The end


def test_a_forced_end_hangs_up_all_members() -> None:
    simulation = new()
    three(simulation)
    told = simulation.log.last_seq
    confer(simulation, "end")
    assert ask(simulation, "retrieve_conference", id=NAME)["status"] == "in_progress"
    assert refused(simulation, "end") == "90019"
    simulation.advance(10)
    assert since(simulation, told) == [
        ("2.200", "app", "conference_end"),
        ("2.200", "app", "conference_end 90019"),
        ("2.350", "telnyx", "call.hangup time_limit unknown 200"),
        ("2.350", "telnyx", "conference.participant.left"),
        ("2.350", "telnyx 2", "call.hangup time_limit unknown 200"),
        ("2.350", "telnyx 2", "conference.participant.left"),
        ("2.350", "telnyx 3", "call.hangup time_limit unknown 200"),
        ("2.350", "telnyx 3", "conference.participant.left"),
        ("2.350", "telnyx", "conference.ended host_left"),
    ]
    shown = ask(simulation, "retrieve_conference", id=NAME)
    assert (shown["status"], shown["end_reason"], "ended_by" in shown) == ("completed", "ended_via_api", False)


@pytest.mark.parametrize("goes", ["leave", "hangup"])
def test_who_ends_it_by_leaving_takes_the_others_along(goes: str) -> None:
    simulation = new()
    _, legs = three(simulation, end_conference_on_exit=True)
    told = simulation.log.last_seq
    if goes == "leave":
        confer(simulation, "leave", call_control_id=legs[2])
    else:
        person_hangs_up(simulation, legs[2])
    simulation.advance(10)
    first = {
        "leave": [("2.200", "telnyx 3", "conference.participant.left"), ("2.200", "app 3", "conference_leave")],
        "hangup": [
            ("2.200", "person 3", "hangs_up normal"),
            ("2.200", "telnyx 3", "call.hangup normal_clearing caller 200"),
            ("2.200", "telnyx 3", "conference.participant.left"),
        ],
    }
    assert since(simulation, told) == [
        *first[goes],
        ("2.350", "telnyx", "call.hangup time_limit unknown 200"),
        ("2.350", "telnyx", "conference.participant.left"),
        ("2.350", "telnyx 2", "call.hangup time_limit unknown 200"),
        ("2.350", "telnyx 2", "conference.participant.left"),
        ("2.350", "telnyx", "conference.ended host_left"),
    ]
    shown = ask(simulation, "retrieve_conference", id=NAME)
    assert shown["ended_by"]["call_control_id"] == legs[2].call_control_id
    assert legs[2].state == ("answered" if goes == "leave" else "ended")


def test_a_soft_end_hangs_up_nobody() -> None:
    simulation = new()
    _, legs = three(simulation, soft_end_conference_on_exit=True)
    told = simulation.log.last_seq
    person_hangs_up(simulation, legs[2])
    simulation.advance(10)
    assert since(simulation, told)[1:] == [
        ("2.200", "telnyx 3", "call.hangup normal_clearing caller 200"),
        ("2.200", "telnyx 3", "conference.participant.left"),
        ("2.200", "telnyx", "conference.participant.left"),
        ("2.200", "telnyx 2", "conference.participant.left"),
        ("2.200", "telnyx", "conference.ended host_left"),
    ]
    assert (legs[0].state, legs[1].state) == ("answered", "answered")


def test_the_creator_stays_bound_to_a_conference_that_is_ended_by_force() -> None:
    simulation = new()
    _, legs = three(simulation)
    create(simulation, talk(simulation), "other")
    confer(simulation, "join", "other", call_control_id=legs[0])
    simulation.advance(1)
    told = simulation.log.last_seq
    confer(simulation, "end")
    simulation.advance(1)
    assert [row[1:] for row in since(simulation, told)] == [
        ("app", "conference_end"),
        ("telnyx 2", "call.hangup time_limit unknown 200"),
        ("telnyx 2", "conference.participant.left"),
        ("telnyx 3", "call.hangup time_limit unknown 200"),
        ("telnyx 3", "conference.participant.left"),
        ("telnyx", "conference.ended host_left"),
        ("telnyx", "call.hangup time_limit unknown 200"),
        ("telnyx", "conference.participant.left"),
    ]


def test_the_creator_survives_a_conference_that_merely_empties() -> None:
    simulation = new()
    _, legs = three(simulation)
    for leg in legs:
        confer(simulation, "leave", call_control_id=leg)
    simulation.advance(10)
    assert legs[0].state == "answered"


@pytest.mark.parametrize(("options", "seconds"), [({}, 14_400), ({"duration_minutes": 2}, 120)])
def test_a_conference_ends_when_its_time_is_over(options: dict[str, int], seconds: int) -> None:
    simulation = new()
    leg = talk(simulation)
    conference = create(simulation, leg, **options)
    assert conference.expires_at == conference.created_at + seconds * SECOND
    told = simulation.log.last_seq
    simulation.advance(seconds + 1)
    assert since(simulation, told) == [
        (f"{0.55 + seconds:.3f}", "telnyx", "call.hangup time_limit unknown 200"),
        (f"{0.55 + seconds:.3f}", "telnyx", "conference.participant.left"),
        (f"{0.55 + seconds:.3f}", "telnyx", "conference.ended time_exceeded"),
    ]
    assert ask(simulation, "retrieve_conference", id=NAME)["end_reason"] == "time_exceeded"


def test_a_conference_that_waits_is_started_by_who_may_start_it() -> None:
    simulation = new()
    first, second, host = talk(simulation), talk(simulation), talk(simulation)
    conference = create(simulation, first, start_conference_on_create=False)
    confer(simulation, "join", call_control_id=second)
    simulation.advance(1)
    shown = ask(simulation, "list_conference_participants", conference_id=NAME)
    assert (conference.state, [one["on_hold"] for one in shown]) == ("init", [True, True])
    confer(simulation, "join", call_control_id=host, start_conference_on_enter=True)
    simulation.advance(1)
    shown = ask(simulation, "list_conference_participants", conference_id=NAME)
    assert (conference.state, [one["on_hold"] for one in shown]) == ("in_progress", [False, False, False])


def test_what_happens_when_a_member_leaves_can_be_changed() -> None:
    simulation = new()
    conference, legs = three(simulation)
    member = conference.members[legs[0].call_control_id]
    path = {"id": NAME, "participant_id": member.id}
    changed = {"end_conference_on_exit": True, "soft_end_conference_on_exit": True, "beep_enabled": "always"}
    answer = execute(simulation, Request("update_conference_participant", changed, params=path))["data"]
    assert (answer["end_conference_on_exit"], answer["soft_end_conference_on_exit"]) == (True, True)
    confer(simulation, "leave", call_control_id=legs[0])
    simulation.advance(1)
    assert [leg.state for leg in legs] == ["answered", "ended", "ended"]
    with pytest.raises(Refusal, match="90019"):
        execute(simulation, Request("update_conference_participant", changed, params=path))


# dial


def test_dial_brings_the_answered_leg_into_a_conference_that_it_names() -> None:
    simulation = new(Person(CALLEE))
    first = dial(simulation, conference_config={"conference_name": NAME, "start_conference_on_create": False})
    second = dial(
        simulation,
        conference_config={
            "conference_name": NAME,
            "start_conference_on_enter": True,
            "end_conference_on_exit": True,
            "mute": True,
        },
    )
    simulation.advance(10)
    conference = simulation.world.conference_names[NAME]
    assert (conference.creator, list(conference.members)) == (first, [first.call_control_id, second.call_control_id])
    member = conference.members[second.call_control_id]
    assert (conference.state, member.muted, member.ends) == ("in_progress", True, True)
    third = dial(simulation, conference_config={"id": conference.id, "hold": True})
    simulation.advance(10)
    assert conference.members[third.call_control_id].is_held
    assert names(simulation, first)[1:4] == ["call.answered", "conference.created", "conference.participant.joined"]


def test_dial_hears_its_audio_before_the_conference() -> None:
    simulation = new(Person(CALLEE))
    dial(simulation, audio_url="https://media.example/a.mp3", conference_config={"conference_name": NAME})
    simulation.advance(20)
    assert names(simulation)[1:] == [
        "call.answered",
        "call.playback.started",
        "call.playback.ended",
        "conference.created",
        "conference.participant.joined",
    ]


def test_a_leg_that_is_bridged_while_it_hears_its_audio_does_not_go_into_the_conference() -> None:
    simulation = new()
    leg = dial(simulation, audio_url="https://media.example/a.mp3", conference_config={"conference_name": NAME})
    other = talk(simulation)
    simulation.advance(3)
    do(simulation, "bridge", other, call_control_id=leg.call_control_id)
    simulation.advance(20)
    assert leg.bridged_with is other
    assert leg.participation is None
    assert not simulation.world.conferences


def test_dial_refuses_a_conference_that_cannot_be() -> None:
    simulation = new()
    conference = create(simulation, talk(simulation), max_participants=2)
    confer(simulation, "join", call_control_id=talk(simulation))
    asked = {"to": CALLEE, "from_": "+12025550100", "connection_id": "1"}

    def tried(**config: str) -> str:
        return code(simulation, "dial", **asked, conference_config=config)

    assert (tried(id=conference.id), tried(conference_name=NAME), tried(id="x"), tried()) == (
        "90032",
        "90032",
        "90058",
        "10004",
    )
    confer(simulation, "end")
    assert (tried(id=conference.id), tried(conference_name=NAME)) == ("90019", "ok")


@pytest.mark.parametrize("by", ["id", "conference_name"])
@pytest.mark.parametrize("why", ["full", "over", "forgotten"])
def test_a_conference_that_cannot_be_any_more_at_the_answer_leaves_the_leg_parked(by: str, why: str) -> None:
    simulation = new(ended_legs=1)
    conference = create(simulation, talk(simulation), max_participants=2)
    leg = dial(simulation, conference_config={by: conference.id if by == "id" else NAME})
    if why == "full":
        confer(simulation, "join", call_control_id=talk(simulation))
    else:
        confer(simulation, "end")
    if why == "forgotten":
        create(simulation, talk(simulation), "another")
        confer(simulation, "end", "another")
    simulation.advance(10)
    if by == "id" or why == "full":
        assert [entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning"] == [
            "dial: the conference of conference_config is over or full: the call is parked"
        ]
        assert (leg.state, leg.participation) == ("answered", None)
    else:
        assert leg.participation is not None
        assert leg.participation.conference.creator is leg


# What the application is told, and where


def test_the_webhooks_of_a_conference_carry_the_state_of_its_creator_and_go_to_the_application() -> None:
    routes = {"1": Route(url="https://app.example/")}
    simulation = new(applications=routes)
    first = ring(simulation, connection_id="1")
    first.route = Route(url="https://leg.example/")
    do(simulation, "answer", first)
    simulation.advance(1)
    create(simulation, first, client_state="QQ==")
    confer(simulation, "leave", call_control_id=first)
    went = [
        (entry.name, entry.route.url, entry.data["payload"]["client_state"])
        for entry in simulation.log.entries
        if entry.name.startswith("conference.") and entry.route
    ]
    assert went == [
        ("conference.created", "https://app.example/", "QQ=="),
        ("conference.participant.joined", "https://leg.example/", "QQ=="),
        ("conference.participant.left", "https://leg.example/", "QQ=="),
        ("conference.ended", "https://app.example/", "QQ=="),
    ]


def test_the_state_that_a_joiner_brings_is_on_the_webhooks_of_its_leg_but_on_none_of_the_conference() -> None:
    simulation = new()
    _, legs = three(simulation, client_state="Qg==")
    confer(simulation, "leave", call_control_id=legs[2])
    confer(simulation, "end")
    simulation.advance(1)
    states = [payload["client_state"] for payload in events(simulation, "conference.participant.left")]
    assert states == [None, None, None]
    assert code(simulation, "hangup", legs[2]) == "ok"
    simulation.advance(1)
    assert [payload["client_state"] for payload in events(simulation, "call.hangup")] == [None, None, "Qg=="]
    assert [payload["client_state"] for payload in events(simulation, "conference.ended")] == [None]


def test_a_command_id_counts_in_its_conference_by_id_and_by_name() -> None:
    simulation = new()
    conference, legs = three(simulation)
    confer(simulation, "leave", call_control_id=legs[1], command_id="one")
    confer(simulation, "leave", conference.id, call_control_id=legs[2], command_id="one")
    assert legs[2].participation is not None
    assert refused(simulation, "end", "nothing", command_id="one") == "90058"


def test_a_repeated_creation_gives_the_same_conference() -> None:
    simulation = new()
    leg = talk(simulation)
    body = {"call_control_id": leg.call_control_id, "name": NAME, "command_id": "one"}
    first = execute(simulation, Request("create_conference", body))
    assert execute(simulation, Request("create_conference", body)) == first


# Memory


def test_what_is_over_is_forgotten_oldest_first() -> None:
    simulation = new(ended_legs=2)
    leg = talk(simulation)
    for number in range(5):
        create(simulation, leg, f"number {number}")
    world = simulation.world
    assert [conference.name for conference in world.conferences.values()] == ["number 2", "number 3", "number 4"]
    assert (list(world.conference_names), len(world.past_participants)) == (["number 2", "number 3", "number 4"], 2)
    create(simulation, leg, "number 3")
    create(simulation, leg, "number 5")
    create(simulation, leg, "number 6")
    assert list(world.conference_names) == ["number 3", "number 5", "number 6"]


def test_conferences_that_come_and_go_leave_nothing_behind() -> None:
    simulation = new(ended_legs=3, loop_guard=0)
    world, sizes = simulation.world, []
    for number in range(200):
        legs = [talk(simulation) for _ in range(2)]
        create(simulation, legs[0], f"number {number}")
        confer(simulation, "join", f"number {number}", call_control_id=legs[1], end_conference_on_exit=True)
        confer(simulation, "record_start", f"number {number}", format="mp3")
        confer(simulation, "play", f"number {number}", audio_url="https://media.example/a.mp3", loop="infinity")
        simulation.advance(1)
        person_hangs_up(simulation, legs[1])
        simulation.advance(1)
        kept = (world.conferences, world.conference_names, world.ended_conferences, world.past_participants)
        sizes.append([len(each) for each in (*kept, world.recordings, world.legs, simulation.timeline)])
    assert sizes[10:] == [[3, 3, 3, 3, 3, 3, 0]] * 190
