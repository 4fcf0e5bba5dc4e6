"""Queues: calls that wait in line, how they leave, and what an application can ask of the queues themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mockserver.sim import legs
from mockserver.sim.commands import Request, execute, status_of
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import APP, CALLER, CONNECTION, UNKNOWN, code, dial, do, events, names, new, ring, story, talk


def wait_in(simulation: Simulation, name: str = "support", **body: Any) -> Leg:
    """Somebody calls, is answered after 0.4 seconds, and waits in a queue."""
    leg = talk(simulation)
    do(simulation, "enqueue", leg, queue_name=name, **body)
    return leg


def ask(simulation: Simulation, name: str, *path: str, body: Json | None = None, **query: Any) -> Json:
    """Do something with the queue (and the call in it) of a path; the whole response body."""
    params = dict(zip(("queue_name", "call_control_id"), path, strict=False))
    return execute(simulation, Request(name, body or {}, params=params, query=query))


def denied(simulation: Simulation, name: str, *path: str, body: Json | None = None, **query: Any) -> tuple[int, str]:
    """The same where it is refused; status and code."""
    with pytest.raises(Refusal) as refused:
        ask(simulation, name, *path, body=body, **query)
    return refused.value.status, refused.value.problems[0].problem.code


def line(simulation: Simulation, name: str = "support") -> list[tuple[str, int, bool, int]]:
    """Who waits: id, position, alive, seconds."""
    listed = ask(simulation, "list_queue_calls", name)["data"]
    keys = ("call_control_id", "queue_position", "is_alive", "wait_time_secs")
    return [tuple(item[key] for key in keys) for item in listed]


def left(simulation: Simulation) -> list[tuple[str, str, int, int]]:
    """The `call.dequeued` so far."""
    keys = ("queue", "reason", "queue_position", "wait_time_secs")
    return [tuple(payload[key] for key in keys) for payload in events(simulation, "call.dequeued")]


# Coming and going


def test_a_call_waits_and_is_bridged_with_an_agent_who_asks_for_the_queue() -> None:
    simulation = new()
    caller = wait_in(simulation)
    agent = dial(simulation)
    simulation.advance(28)
    seen = simulation.log.entries[-1].seq
    do(simulation, "bridge", agent, queue="support", client_state="QQ==")
    assert (caller.waiting, line(simulation)) == (None, [])
    simulation.advance(10)
    assert story(simulation, 4) == [
        ("0.400", "app", "enqueue"),
        ("0.400", "app 2", "dial"),
        ("0.700", "telnyx", "call.enqueued"),
        ("0.700", "telnyx 2", "call.initiated"),
        ("2.700", "person 2", "answers"),
        ("2.700", "telnyx 2", "call.answered"),
        *story(simulation, seen),
    ]
    assert story(simulation, seen) == [
        ("28.400", "telnyx", "call.dequeued bridged"),
        ("28.400", "app 2", "bridge"),
        ("28.500", "telnyx 2", "call.bridged"),
        ("28.500", "telnyx", "call.bridged"),
    ]
    ids = {
        "call_control_id": caller.call_control_id,
        "call_leg_id": caller.call_leg_id,
        "call_session_id": caller.call_session_id,
        "calling_party_type": "pstn",
        "client_state": None,
        "connection_id": CONNECTION,
        "queue": "support",
    }
    assert events(simulation, "call.enqueued") == [{**ids, "current_position": 1, "queue_avg_wait_time_secs": 0}]
    assert events(simulation, "call.dequeued") == [
        {**ids, "queue_position": 1, "reason": "bridged", "wait_time_secs": 28}
    ]


def test_who_came_first_is_first_and_the_others_move_up_without_a_word() -> None:
    simulation = new()
    first, second, third = (wait_in(simulation) for _ in range(3))
    simulation.advance(10)
    assert [payload["current_position"] for payload in events(simulation, "call.enqueued")] == [1, 2, 3]
    told = len(names(simulation))
    do(simulation, "leave_queue", second)
    assert [(who, place) for who, place, _, _ in line(simulation)] == [
        (first.call_control_id, 1),
        (third.call_control_id, 2),
    ]
    assert len(names(simulation)) == told + 1
    do(simulation, "leave_queue", third)
    do(simulation, "leave_queue", first)
    assert left(simulation) == [("support", "leave", 2, 10), ("support", "leave", 2, 10), ("support", "leave", 1, 10)]
    assert (first.state, first.is_alive) == ("answered", True)


def test_a_call_that_waits_too_long_leaves_and_stays_up() -> None:
    simulation = new()
    leg = wait_in(simulation, max_wait_time_secs=30)
    simulation.advance(600)
    assert story(simulation, 4) == [
        ("0.400", "app", "enqueue"),
        ("0.700", "telnyx", "call.enqueued"),
        ("30.400", "telnyx", "call.dequeued timeout"),
    ]
    assert (leg.state, left(simulation)) == ("answered", [("support", "timeout", 1, 30)])
    assert code(simulation, "leave_queue", leg) == "90035"


def test_a_call_that_left_in_time_is_not_timed_out() -> None:
    simulation = new()
    leg = wait_in(simulation, max_wait_time_secs=30)
    simulation.advance(10)
    do(simulation, "leave_queue", leg)
    simulation.advance(600)
    assert left(simulation) == [("support", "leave", 1, 10)]


def test_a_caller_who_hangs_up_leaves_before_the_call_ends_and_after_what_is_heard() -> None:
    simulation = new()
    leg = wait_in(simulation)
    do(simulation, "playback_start", leg, audio_url="https://media.example/music.mp3", loop="infinity")
    do(simulation, "fork_start", leg, rx="udp:192.0.2.1:9000", tx="udp:192.0.2.1:9001")
    simulation.advance(20)
    seen = simulation.log.entries[-1].seq
    legs.person_hangs_up(simulation, leg)
    assert [what for _, who, what in story(simulation, seen) if who == "telnyx"] == [
        "call.playback.ended call_hangup",
        "call.dequeued hangup",
        "call.fork.stopped",
        "call.hangup normal_clearing caller 200",
    ]
    assert line(simulation) == []


def test_who_leaves_at_once_is_told_of_as_coming_first() -> None:
    simulation = new()
    leg = wait_in(simulation)
    do(simulation, "leave_queue", leg)
    simulation.advance(10)
    assert story(simulation, 4) == [
        ("0.400", "app", "enqueue"),
        ("0.400", "telnyx", "call.enqueued"),
        ("0.400", "telnyx", "call.dequeued leave"),
        ("0.400", "app", "leave_queue"),
    ]


def test_enqueue_straight_after_answer_is_reported_after_the_answer() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    do(simulation, "enqueue", leg, queue_name="support")
    simulation.advance(10)
    assert [(at, what) for at, _, what in story(simulation)][3:] == [
        ("0.000", "enqueue"),
        ("0.400", "call.answered"),
        ("0.700", "call.enqueued"),
    ]


def test_a_call_can_wait_in_another_queue_instead() -> None:
    simulation = new()
    leg = wait_in(simulation)
    simulation.advance(5)
    do(simulation, "enqueue", leg, queue_name="sales")
    simulation.advance(5)
    assert [what for _, who, what in story(simulation, 5) if who == "telnyx"] == [
        "call.enqueued",
        "call.dequeued leave",
        "call.enqueued",
    ]
    assert [payload["queue"] for payload in events(simulation, "call.enqueued")] == ["support", "sales"]
    assert (line(simulation), line(simulation, "sales")) == ([], [(leg.call_control_id, 1, True, 5)])


def test_a_call_in_a_conference_leaves_it_for_the_queue() -> None:
    simulation = new()
    leg, other = talk(simulation), talk(simulation)
    created = ask(simulation, "create_conference", body={"call_control_id": leg.call_control_id, "name": "desk"})
    ask_conference = Request("conference_join", {"call_control_id": other.call_control_id}, params=created["data"])
    execute(simulation, ask_conference)
    simulation.advance(10)
    do(simulation, "enqueue", leg, queue_name="support")
    simulation.advance(1)
    assert (leg.state, leg.participation, other.participation is None) == ("answered", None, False)
    assert [name for name in names(simulation, leg) if "left" in name or "queue" in name] == [
        "conference.participant.left",
        "call.enqueued",
    ]


# Two legs


@pytest.mark.parametrize(("kept", "state"), [({}, "ended"), ({"park_after_unbridge": "self"}, "answered")])
def test_a_bridged_call_that_is_enqueued_is_parted_from_the_other_one(kept: Json, state: str) -> None:
    simulation = new()
    agent, caller = talk(simulation), talk(simulation)
    do(simulation, "bridge", agent, call_control_id=caller.call_control_id, **kept)
    simulation.advance(1)
    do(simulation, "enqueue", caller, queue_name="support")
    simulation.advance(1)
    assert (caller.state, caller.bridged_with, agent.state, agent.bridged_with) == ("answered", None, state, None)
    assert line(simulation) == [(caller.call_control_id, 1, True, 1)]


@pytest.mark.parametrize("who", [0, 1])
def test_a_call_that_is_bridged_by_its_id_leaves_the_queue(who: int) -> None:
    simulation = new()
    two = [wait_in(simulation), talk(simulation)]
    do(simulation, "bridge", two[who], call_control_id=two[1 - who].call_control_id)
    assert left(simulation) == []
    seen = simulation.log.entries[-1].seq
    simulation.advance(1)
    assert [what for _, _, what in story(simulation, seen)] == [
        "call.dequeued bridged",
        "call.bridged",
        "call.bridged",
    ]


def test_a_call_that_is_transferred_waits_until_somebody_answers() -> None:
    simulation = new(Person("+12025550177", outcome="busy"))
    leg = wait_in(simulation)
    do(simulation, "transfer", leg, to="+12025550177")
    simulation.advance(10)
    assert [place for _, place, _, _ in line(simulation)] == [1]
    do(simulation, "transfer", leg, to="+12025550178")
    simulation.advance(10)
    assert (left(simulation), line(simulation)) == ([("support", "bridged", 1, 12)], [])


def test_a_call_that_is_referred_leaves() -> None:
    simulation = new()
    leg = wait_in(simulation)
    simulation.advance(1)
    do(simulation, "refer", leg, sip_address="sip:desk@shop.example")
    seen = simulation.log.entries[-1].seq
    simulation.advance(1)
    assert story(simulation, seen) == [
        ("1.600", "telnyx", "call.dequeued leave"),
        ("1.600", "telnyx", "call.refer.started"),
    ]


def test_a_bridge_that_has_to_wait_for_an_answer_is_in_process() -> None:
    simulation = new()
    caller = ring(simulation)
    do(simulation, "answer", caller)
    do(simulation, "enqueue", caller, queue_name="support")
    agent = talk(simulation)
    second = ring(simulation)
    do(simulation, "answer", second)
    do(simulation, "enqueue", second, queue_name="support")
    do(simulation, "bridge", agent, queue="support")
    do(simulation, "bridge", talk(simulation), queue="support")
    simulation.advance(1)
    assert [reason for _, reason, _, _ in left(simulation)] == ["bridged", "bridged"]
    third = ring(simulation)
    do(simulation, "answer", third)
    do(simulation, "enqueue", third, queue_name="support")
    do(simulation, "bridge", agent, queue="support")
    assert left(simulation)[-1] == ("support", "bridging-in-process", 1, 0)
    simulation.advance(1)
    assert agent.bridged_with is third


def test_an_empty_queue_an_unknown_one_and_oneself_are_refused() -> None:
    simulation = new()
    leg = wait_in(simulation)
    agent = talk(simulation)
    assert code(simulation, "bridge", leg, queue="support") == "10027"
    assert line(simulation)[0][0] == leg.call_control_id
    do(simulation, "leave_queue", leg)
    for name in ("support", "unknown"):
        assert code(simulation, "bridge", agent, queue=name) == "10027"


def test_the_first_in_line_leaves_even_if_the_bridge_fails() -> None:
    simulation = new()
    first, second = wait_in(simulation), wait_in(simulation)
    agent = talk(simulation)
    do(simulation, "hangup", first)
    assert code(simulation, "bridge", agent, queue="support") == "90018"
    assert left(simulation) == [("support", "bridging-in-process", 1, 0)]
    do(simulation, "bridge", agent, queue="support")
    simulation.advance(1)
    assert agent.bridged_with is second


# Calls that keep their place


def test_a_call_may_keep_its_place_when_it_is_hung_up_and_bridging_with_it_tells_who_it_was() -> None:
    simulation = new()
    leg = wait_in(simulation, keep_after_hangup=True, max_wait_time_secs=60)
    other = wait_in(simulation)
    simulation.advance(10)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(1000)
    assert line(simulation) == [(leg.call_control_id, 1, False, 10), (other.call_control_id, 2, True, 1010)]
    assert (names(simulation, leg)[-2:], left(simulation)) == (["call.enqueued", "call.hangup"], [])
    shown = ask(simulation, "retrieve_queue_call", "support", leg.call_control_id)["data"]
    assert (shown["is_alive"], shown["from"], shown["wait_time_secs"]) == (False, CALLER, 10)
    agent = talk(simulation)
    with pytest.raises(Refusal) as refused:
        do(simulation, "bridge", agent, queue="support")
    raised = refused.value.problems[0]
    assert raised.problem.code == "90018"
    assert raised.detail.endswith(f"It came from {CALLER} to {APP} on connection {CONNECTION}.")
    assert [who for who, _, _, _ in line(simulation)] == [other.call_control_id]
    do(simulation, "bridge", agent, queue="support")
    simulation.advance(1)
    assert agent.bridged_with is other


def test_a_kept_call_whose_coming_was_not_told_yet_is_told_of_before_it_ends() -> None:
    simulation = new()
    leg = wait_in(simulation, keep_after_hangup=True)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(10)
    assert names(simulation, leg)[-2:] == ["call.enqueued", "call.hangup"]


@pytest.mark.parametrize(("flag", "kept"), [({"keep_after_hangup": True}, 1), ({"keep_after_hangup": False}, 0)])
def test_whether_a_call_keeps_its_place_can_be_changed(flag: Json, kept: int) -> None:
    simulation = new()
    leg = wait_in(simulation, keep_after_hangup=not kept)
    assert ask(simulation, "update_queue_call", "support", leg.call_control_id) == {}
    assert leg.waiting is not None
    assert leg.waiting.keep_after_hangup is not bool(kept)
    assert ask(simulation, "update_queue_call", "support", leg.call_control_id, body=flag) == {}
    legs.person_hangs_up(simulation, leg)
    assert len(line(simulation)) == kept


def test_a_call_is_removed_whether_it_is_over_or_not() -> None:
    simulation = new()
    over, up = wait_in(simulation, keep_after_hangup=True), wait_in(simulation)
    simulation.advance(1)
    legs.person_hangs_up(simulation, over)
    told = len(names(simulation))
    assert ask(simulation, "remove_queue_call", "support", over.call_control_id) == {}
    assert len(names(simulation)) == told
    assert ask(simulation, "remove_queue_call", "support", up.call_control_id) == {}
    assert (left(simulation), up.state, line(simulation)) == ([("support", "leave", 1, 1)], "answered", [])
    assert denied(simulation, "remove_queue_call", "support", up.call_control_id) == (404, "10005")


def test_of_too_many_calls_that_keep_their_places_the_oldest_goes() -> None:
    simulation = new(ended_legs=2)
    waiting = [wait_in(simulation, keep_after_hangup=True) for _ in range(3)]
    for leg in waiting:
        legs.person_hangs_up(simulation, leg)
    assert [who for who, _, _, _ in line(simulation)] == [leg.call_control_id for leg in waiting[1:]]


# What is refused


def test_enqueue_is_refused_for_a_place_it_has_a_size_that_differs_and_a_queue_that_is_full() -> None:
    simulation = new()
    first = wait_in(simulation, max_size=2)
    assert code(simulation, "enqueue", first, queue_name="support") == "90038"
    second = talk(simulation)
    assert code(simulation, "enqueue", second, queue_name="support", max_size=3) == "90037"
    do(simulation, "enqueue", second, queue_name="support", max_size=2)
    third = talk(simulation)
    with pytest.raises(Refusal, match="The 'support' queue is full and can't accept more calls"):
        do(simulation, "enqueue", third, queue_name="support")
    assert code(simulation, "enqueue", third, queue_name="sales") == "ok"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"max_size": 0}, "10033"),
        ({"max_wait_time_secs": 0}, "10033"),
        ({"queue_name": "x" * 256}, "10025"),
        ({"queue_name": "x" * 255, "max_size": 1, "max_wait_time_secs": 1}, "ok"),
    ],
)
def test_sizes_and_waits_are_at_least_one_and_names_not_endless(body: Json, expected: str) -> None:
    simulation = new()
    assert code(simulation, "enqueue", talk(simulation), **{"queue_name": "support", **body}) == expected


@pytest.mark.parametrize(
    "name",
    [
        *("retrieve_queue", "update_queue", "delete_queue", "list_queue_calls"),
        *("retrieve_queue_call", "update_queue_call", "remove_queue_call"),
    ],
)
def test_what_is_not_there_is_404(name: str) -> None:
    simulation = new()
    assert denied(simulation, name, "unknown", UNKNOWN, body={"max_size": 1}) == (404, "10005")
    wait_in(simulation)
    if name.endswith("_call"):
        assert denied(simulation, name, "support", UNKNOWN) == (404, "10005")


# The queues themselves


def test_a_queue_is_created_shown_changed_and_deleted() -> None:
    simulation = new()
    simulation.advance(1.2345)
    queue = ask(simulation, "create_queue", body={"queue_name": "support"})["data"]
    assert queue == {
        "average_wait_time_secs": 0,
        "created_at": "2026-01-01T00:00:01.234Z",
        "current_size": 0,
        "id": queue["id"],
        "max_size": 300,
        "name": "support",
        "record_type": "queue",
        "updated_at": "2026-01-01T00:00:01.234Z",
    }
    assert queue["id"][14] == "1"
    assert denied(simulation, "create_queue", body={"queue_name": "support"}) == (422, "10012")
    assert ask(simulation, "retrieve_queue", "support")["data"] == queue
    simulation.advance(10)
    changed = ask(simulation, "update_queue", "support", body={"max_size": 1})["data"]
    assert changed == {**queue, "max_size": 1, "updated_at": "2026-01-01T00:00:11.234Z"}
    leg = wait_in(simulation)
    assert code(simulation, "enqueue", talk(simulation), queue_name="support") == "90036"
    assert denied(simulation, "delete_queue", "support") == (400, "90050")
    do(simulation, "leave_queue", leg)
    assert ask(simulation, "delete_queue", "support") == {}
    assert ask(simulation, "list_queues")["data"] == []
    assert [status_of(name) for name in ("create_queue", "update_queue", "delete_queue")] == [200, 200, 204]


def test_a_queue_that_enqueue_creates_is_for_a_hundred_calls() -> None:
    simulation = new()
    wait_in(simulation)
    assert ask(simulation, "retrieve_queue", "support")["data"]["max_size"] == 100


def test_averages_are_of_those_who_wait_and_of_those_who_waited() -> None:
    simulation = new()
    first = wait_in(simulation)
    simulation.advance(10)
    second = wait_in(simulation)
    simulation.advance(10)
    assert ask(simulation, "retrieve_queue", "support")["data"]["average_wait_time_secs"] == (20 + 10) // 2
    do(simulation, "leave_queue", first)
    simulation.advance(30)
    do(simulation, "leave_queue", second)
    assert [wait for *_, wait in left(simulation)] == [20, 40]
    wait_in(simulation)
    simulation.advance(1)
    assert [payload["queue_avg_wait_time_secs"] for payload in events(simulation, "call.enqueued")] == [0, 0, 30]


def test_a_call_in_a_queue_in_full() -> None:
    simulation = new()
    leg = wait_in(simulation)
    simulation.advance(7.9)
    queue = ask(simulation, "retrieve_queue", "support")["data"]
    shown: Json = {
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "connection_id": CONNECTION,
        "enqueued_at": "2026-01-01T00:00:00.400Z",
        "from": CALLER,
        "is_alive": True,
        "queue_id": queue["id"],
        "queue_position": 1,
        "record_type": "queue_call",
        "to": APP,
        "wait_time_secs": 7,
    }
    assert ask(simulation, "retrieve_queue_call", "support", leg.call_control_id) == {"data": shown}
    assert ask(simulation, "list_queue_calls", "support") == {
        "data": [shown],
        "meta": {"page_number": 1, "page_size": 20, "total_pages": 1, "total_results": 1},
    }


def test_an_empty_queue_disappears_after_an_hour_unless_it_was_created_by_itself_or_is_used_again() -> None:
    simulation = new()
    ask(simulation, "create_queue", body={"queue_name": "lasting"})
    for name in ("lasting", "short", "used"):
        do(simulation, "leave_queue", wait_in(simulation, name))
    simulation.advance(3000)
    leg = wait_in(simulation, "used")
    simulation.advance(0.3)
    assert not simulation.timeline.anything_near()
    simulation.advance(999)
    assert [queue["name"] for queue in ask(simulation, "list_queues")["data"]] == ["lasting", "used"]
    do(simulation, "leave_queue", leg)
    simulation.advance(3599)
    assert len(simulation.world.queues) == 2
    simulation.advance(1)
    assert list(simulation.world.queues) == ["lasting"]


def test_where_there_are_too_many_queues_an_empty_one_gives_way_or_none_is_made() -> None:
    simulation = new(queues=2)
    first, second = wait_in(simulation, "one"), wait_in(simulation, "two")
    third = talk(simulation)
    assert code(simulation, "enqueue", third, queue_name="three") == "10027"
    do(simulation, "leave_queue", second)
    do(simulation, "enqueue", third, queue_name="three")
    assert list(simulation.world.queues) == ["one", "three"]
    do(simulation, "leave_queue", first)
    ask(simulation, "create_queue", body={"queue_name": "lasting"})
    do(simulation, "leave_queue", third)
    ask(simulation, "create_queue", body={"queue_name": "more"})
    assert denied(simulation, "create_queue", body={"queue_name": "most"}) == (422, "10027")


Pages = Callable[[int, int], Json]


@pytest.mark.parametrize(
    "pages",
    [
        lambda number, size: {"page": {"number": number, "size": size}},
        lambda number, size: {"page[number]": number, "page[size]": size},
    ],
)
def test_queues_are_listed_page_by_page_in_the_order_of_their_making(pages: Pages) -> None:
    simulation = new()
    for number in range(5):
        ask(simulation, "create_queue", body={"queue_name": f"queue {number}"})
    listed = [ask(simulation, "list_queues", **pages(number, 2)) for number in (1, 2, 3, 4)]
    assert [[queue["name"][-1] for queue in page["data"]] for page in listed] == [["0", "1"], ["2", "3"], ["4"], []]
    assert [page["meta"] for page in listed] == [
        {"page_number": number, "page_size": 2, "total_pages": 3, "total_results": 5} for number in (1, 2, 3, 4)
    ]


def test_the_calls_of_a_queue_are_listed_page_by_page_with_their_places() -> None:
    simulation = new()
    waiting = [wait_in(simulation) for _ in range(5)]
    listed = ask(simulation, "list_queue_calls", "support", page={"number": 2, "size": 3, "after": "null"})
    assert [(call["call_control_id"], call["queue_position"]) for call in listed["data"]] == [
        (waiting[3].call_control_id, 4),
        (waiting[4].call_control_id, 5),
    ]
    assert len(ask(simulation, "list_queue_calls", "support", page={"limit": 4})["data"]) == 4
    assert denied(simulation, "list_queue_calls", "support", page={"after": "x"}) == (400, "10015")
