"""Which entries fit, and where the others differ."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim.events import Entry, Json
from mockserver.sim.journal import Miss, Wanted, nearest, select, what_came

PAYLOAD: Json = {"hangup_cause": "busy", "to": ["+12025550100", "+12025550162"], "tags": {"deep": 1}, "state": None}
LEG = "v3:a"


def webhook(seq: int = 1, name: str = "call.hangup", **payload: Any) -> Entry:
    return Entry(seq, 0, "webhook", name, LEG, {"id": "e1", "payload": {**PAYLOAD, **payload}})


COMMAND = Entry(7, 0, "command", "answer", None, {"request": {"a": 1}, "status": 422, "errors": [{"code": "90034"}]})


@pytest.mark.parametrize(
    ("wanted", "differs"),
    [
        (Wanted(), []),
        (Wanted(kind="webhook", name="call.*", call_control_id=LEG), []),
        (Wanted(name="call.answered", where={"nothing": 1}), ["name was call.hangup"]),
        (Wanted(kind="command", call_control_id="v3:b"), ["kind was webhook", "call_control_id was v3:a"]),
        (Wanted(where={"hangup_cause": "b*", "id": "e1", "payload.to.1": "*162", "tags.deep": "1"}), []),
        (Wanted(where={"state": None, "never": None, "state.deeper": None}), []),
        (Wanted(where={"to.2": "x"}), ["to.2 was not in it: there are 0, 1"]),
        (Wanted(where={"to": "x"}), ['to was ["+12025550100", "+12025550162"]']),
        (Wanted(where={"tags.dep": 1}), ["tags.dep was not in it: did you mean deep?"]),
        (Wanted(where={"state.x": 1}), ["state.x was not in it: there are no fields"]),
        (
            Wanted(where={"tags": {"deep": 2, "other": 1}}),
            ["tags.deep was 1", "tags.other was not in it: there are deep"],
        ),
        (Wanted(where={"tags": {"deep": 1}}), []),
        (Wanted(where={"hangup_cause": {"a": 1}}), ["hangup_cause was busy"]),
        (Wanted(where={"to": ["*", "+12025550162"]}), []),
        (Wanted(where={"payload": {"tags": {"deep": 2}}}), ["payload.tags.deep was 1"]),
        (Wanted(where={"hangup_cause": "x*"}), ["hangup_cause was busy"]),
        (Wanted(where={"hangup_cause": "*u*x*"}), ["hangup_cause was busy"]),
    ],
)
def test_a_webhook_differs_where_it_does(wanted: Wanted, differs: list[str]) -> None:
    assert list(wanted.differences(webhook())) == differs
    assert wanted.fits(webhook()) == (not differs)


def test_a_command_is_looked_into_by_its_answer_and_its_body() -> None:
    assert Wanted(where={"status": 422, "errors.0.code": "90034", "a": 1, "request.a": "1"}).fits(COMMAND)
    assert list(Wanted(call_control_id="v3:*").differences(COMMAND)) == ["call_control_id was null"]


def test_the_first_that_fit_are_taken_and_all_are_counted() -> None:
    entries = [webhook(seq) for seq in range(1, 6)]
    assert select([COMMAND, *entries], Wanted(name="call.hangup"), 2) == (entries[:2], 5)


def test_the_nearest_miss_has_the_right_name_and_differs_least_and_is_the_newest() -> None:
    wanted = Wanted(name="call.hangup", where={"hangup_cause": "busy", "side": "caller"})
    far, near, nearer = webhook(3, hangup_cause="x"), webhook(4, side="x"), webhook(5, side="y")
    fits = webhook(6, side="caller")
    assert nearest([webhook(1, "call.answered"), far, near, nearer, fits, COMMAND], wanted) == [
        Miss(nearer, ("side was y",)),
        Miss(near, ("side was x",)),
        Miss(far, ("hangup_cause was x", "side was not in it: " + hint_of(far))),
    ]


def hint_of(entry: Entry) -> str:
    return "there are " + ", ".join(entry.data["payload"])


def test_what_came_is_counted_by_name() -> None:
    entries = [webhook(1), webhook(2), webhook(3, "call.answered"), COMMAND]
    assert what_came(entries, Wanted(kind="webhook")) == {"call.hangup": 2, "call.answered": 1}
    assert what_came(entries, Wanted())["answer"] == 1
