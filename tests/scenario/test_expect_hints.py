"""Why something probably did not come: a log, and the sentence that it leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from mockserver.scenario.expecting.expect import Expectation, check
from mockserver.scenario.expecting.hints import HINTS, MOST_HINTS, Miss, Run, duration, hints
from mockserver.scenario.expecting.matching import Happening
from mockserver.scenario.expecting.who import Parties, Who
from mockserver.sim.events import Entry, Route

SECOND = 1_000_000
ADA, GRACE, SHOP = "+12025550143", "+15555550100", "+12025550178"
PEOPLE = {"Ada": (ADA,), "Grace": (GRACE,)}
CALL, OTHER = "v3:a", "v3:b"
Row = tuple[float, str, str, dict[str, Any]]

CALLS: Row = (0, "person", "calls", {"from": ADA, "to": SHOP})
INITIATED: Row = (0, "webhook", "call.initiated", {"payload": {"from": ADA, "to": SHOP}})
ANSWERED: Row = (2, "webhook", "call.answered", {"payload": {}})
HANGUP: Row = (3, "webhook", "call.hangup", {"payload": {"hangup_cause": "normal_clearing"}})


def command(at: float, name: str, code: str = "", status: int = 422, detail: str = "") -> Row:
    if not code:
        return at, "command", name, {"request": {}, "status": 200, "response": {}}
    error = {"code": code, "title": "Refused", "detail": detail}
    return at, "command", name, {"request": {}, "status": status, "errors": [error]}


def delivery(at: float, outcome: str, status: int | None = None, reason: str | None = None, event: str = "1") -> Row:
    data = {"event_id": event, "outcome": outcome, "status": status, "reason": reason}
    return at, "delivery", "call.initiated", data


def hangup(cause: str, at: float = 5) -> Row:
    return at, "webhook", "call.hangup", {"payload": {"hangup_cause": cause}}


def log_of(rows: Sequence[Row], call: str | None = CALL) -> list[Entry]:
    return [
        Entry(seq, round(at * SECOND), kind, name, call, data) for seq, (at, kind, name, data) in enumerate(rows, 1)
    ]


def miss(what: Happening, log: Sequence[Entry]) -> Miss:
    parties = Parties()
    for entry in log:
        parties.learn(entry)
    return Miss(what, Run(log, parties, log[0].at if log else 0))


SPEAK = Happening("command", "speak", {}, ("ok",))
BRIDGED = Happening("webhook", "call.bridged")
SAYS = Happening("person", "says")

TABLE: list[tuple[Happening, list[Row], list[str]]] = [
    # A command that came too late or too early for its call
    (
        SPEAK,
        [INITIATED, HANGUP, command(3.04, "speak", "90018")],
        ["speak came 40 ms after the hang-up of its call"],
    ),
    (
        BRIDGED,
        [INITIATED, HANGUP, command(5.5, "bridge", "90018")],
        ["bridge came 2.5 s after the hang-up of its call"],
    ),
    (
        SPEAK,
        [INITIATED, command(2, "hangup"), command(2, "speak", "90018")],
        ["speak came right after the application's own hangup of its call"],
    ),
    (SPEAK, [(0, "warning", "no webhook URL", {"text": "an older webhook is not sent"})], []),
    (SPEAK, [command(2, "speak", "90018")], []),  # the log has forgotten why
    (
        SPEAK,
        [INITIATED, command(1.5, "speak", "90034"), ANSWERED],
        ["speak came 500 ms before its call was answered: wait for call.answered"],
    ),
    (
        SPEAK,
        [INITIATED, command(1.5, "speak", "90034")],
        ["speak came before the answer of its call, which was never answered"],
    ),
    (BRIDGED, [INITIATED, ANSWERED, command(3, "bridge", "90034")], []),  # it was the other call that was not answered
    # A command that was refused otherwise
    (
        SPEAK,
        [command(1, "speak", "90015")],
        ["speak was sent for v3:a, which is the call_control_id of no call of this world"],
    ),
    (SPEAK, [INITIATED, command(1, "speak", "90015")], []),  # there was such a call
    (
        Happening("command", "ai_assistant_start", {}, ("ok",)),
        [command(1, "ai_assistant_start", "90061", detail="AI Assistant cannot be started more than once.")],
        [
            "ai_assistant_start was refused with 90061, which comes of ai_assistant_start, gather_using_ai, "
            "conversation_relay_start: AI Assistant cannot be started more than once."
        ],
    ),
    (
        BRIDGED,
        [command(1, "bridge", "10001")],
        ["bridge was refused with 10001: Inactive phone number"],
    ),
    (BRIDGED, [command(1, "bridge", "12345")], []),  # a code of nobody's
    (
        SPEAK,
        [(1, "command", "speak", {"status": None, "fault": "connection drop"})],
        ["speak suffered a fault: connection drop"],
    ),
    (
        SPEAK,
        [(1, "command", "speak", {"status": 503, "fault": "status 503"})],
        ["speak suffered a fault: status 503"],
    ),
    (Happening("command", "speak", {}, ("90018",)), [command(1, "speak")], []),
    # The application was not reached, or did nothing
    (
        SPEAK,
        [INITIATED, delivery(0.1, "retrying", 500), delivery(1, "failed", 500)],
        ["the application answered the webhook call.initiated with 500 at 00:00:00.100"],
    ),
    (
        SPEAK,
        [INITIATED, delivery(0.1, "failed", None, "cannot connect")],
        ["the webhook call.initiated was not delivered: cannot connect"],
    ),
    (
        SPEAK,
        [INITIATED, delivery(0.1, "failed", 302)],
        ["the webhook call.initiated was not delivered: status 302"],
    ),
    (
        SPEAK,
        [INITIATED, delivery(0.1, "retrying", 500), delivery(1, "delivered", 200), command(1, "answer")],
        [],  # the next attempt did it
    ),
    (
        SPEAK,
        [INITIATED, (0, "warning", "no webhook URL", {"text": "call.initiated is not sent"})],
        ["the webhook call.initiated had no destination: give --webhook-url or webhook_url"],
    ),
    (
        SPEAK,
        [INITIATED, ANSWERED, (2, "warning", "no webhook URL", {"text": "call.initiated is not sent"})],
        [
            "the webhook call.initiated and 1 more had no destination: give --webhook-url or webhook_url",
        ],
    ),
    (
        SPEAK,
        [INITIATED, delivery(0.1, "delivered", 200)],
        ["the application got a webhook and sent no command here: do its base URL and API key lead to this world?"],
    ),
    (
        BRIDGED,
        [INITIATED, delivery(0.1, "delivered", 200, None, "1"), delivery(2, "delivered", 200, None, "2")],
        ["the application got 2 webhooks and sent no command here: do its base URL and API key lead to this world?"],
    ),
    (SAYS, [INITIATED, delivery(0.1, "delivered", 200)], []),
    (SPEAK, [INITIATED, delivery(0.1, "forged", 403), command(1, "answer")], []),  # rightly refused
    # People did something else
    (
        Happening("webhook", "call.answered"),
        [INITIATED, command(1, "hangup"), hangup("originator_cancel")],
        [f"the call {ADA} -> {SHOP} ended unanswered at 00:00:05.000: the application hung up"],
    ),
    (
        Happening("webhook", "call.answered"),
        [INITIATED, (1, "person", "turns_down", {"outcome": "busy"})],
        [f"the call {ADA} -> {SHOP} was turned down at 00:00:01.000: busy"],
    ),
    (Happening("person", "turns_down", {"outcome": "decline"}), [(1, "person", "turns_down", {"outcome": "busy"})], []),
    (
        Happening("webhook", "call.answered"),
        [INITIATED, hangup("originator_cancel")],
        [f"the call {ADA} -> {SHOP} ended unanswered at 00:00:05.000: the caller gave up"],
    ),
    (
        SAYS,
        [hangup("timeout", 30)],
        ["a call ended unanswered at 00:00:00.000: nobody answered in time"],
    ),
    (SAYS, [INITIATED, ANSWERED, hangup("timeout")], []),
    # What the simulator itself has noticed
    (
        SAYS,
        [(1, "warning", "unknown assistant", {"text": "nobody has told what it says"})],
        ["the simulator warns: nobody has told what it says"],
    ),
    (SAYS, [(1, "warning", "odd", {})], []),
    (SAYS, [CALLS, INITIATED, ANSWERED, HANGUP], []),
]


@pytest.mark.parametrize(("what", "rows", "told"), TABLE)
def test_a_log_leads_to_a_likely_reason(what: Happening, rows: list[Row], told: list[str]) -> None:
    assert hints(miss(what, log_of(rows))) == told


def test_what_came_first_and_then_for_somebody_else_says_for_whom() -> None:
    ada = Who("Ada", (ADA,), PEOPLE)
    first, hangup, other, last = log_of([CALLS, HANGUP, (4, "person", "calls", {"from": GRACE, "to": SHOP}), HANGUP])
    log = [first, hangup, *(replace(entry, call_control_id=OTHER) for entry in (other, last))]
    wanted = replace(miss(Happening("webhook", "call.hangup", {}, None, ada), log), after=hangup)
    assert hints(wanted) == [f"it came at 00:00:03.000 for another call: {GRACE} (Grace) -> {SHOP}"]
    assert hints(replace(wanted, after=None)) == []
    grace = Who("Grace", (GRACE,), PEOPLE)
    assert hints(miss(Happening("webhook", "call.hangup", {}, None, grace), log[:2])) == []  # the nearest tells it
    assert hints(miss(Happening("webhook", "call.cost", {}, None, ada), log)) == []


def test_a_webhook_with_a_destination_is_not_lost() -> None:
    first, second, warning = log_of([INITIATED, ANSWERED, (2, "warning", "no webhook URL", {"text": "lost"})])
    log = [first, replace(second, route=Route("http://app/hooks")), warning]
    assert hints(miss(SPEAK, log)) == [
        "the webhook call.initiated had no destination: give --webhook-url or webhook_url"
    ]


def test_only_the_two_likeliest_reasons_are_told_of_a_miss() -> None:
    rows = [
        INITIATED,
        command(1, "bridge", "90034"),
        delivery(1, "failed", 500),
        (1, "person", "turns_down", {"outcome": "busy"}),
    ]
    all_of_them = [hint(miss(BRIDGED, log_of(rows))) for hint in HINTS]
    assert sum(map(bool, all_of_them)) > MOST_HINTS
    assert hints(miss(BRIDGED, log_of(rows))) == list(filter(None, all_of_them))[:MOST_HINTS]


def test_a_reason_is_looked_for_behind_what_was_met_last() -> None:
    rows = [INITIATED, command(1, "bridge", "10001"), ANSWERED, command(2, "bridge", "90061", detail="Once.")]
    report = check([Expectation(Happening("webhook", "call.answered")), Expectation(BRIDGED)], log_of(rows))
    assert report.results[-1].why[-1].startswith("bridge was refused with 90061, which comes of ")


def test_the_reasons_stand_behind_what_was_seen_instead() -> None:
    rows = [INITIATED, HANGUP, command(3.04, "speak", "90018", detail="Over.")]
    assert check([Expectation(SPEAK)], log_of(rows)).results[0].why == (
        "the nearest was at 00:00:03.040: it got 422 90018 Refused",
        "speak got 422 90018 Refused at 00:00:03.040",
        "speak came 40 ms after the hang-up of its call",
    )


@pytest.mark.parametrize(("micros", "told"), [(0, "0 ms"), (1_500, "1.5 ms"), (40_000, "40 ms"), (2_500_000, "2.5 s")])
def test_a_stretch_of_time_is_told_in_the_unit_that_suits_it(micros: int, told: str) -> None:
    assert duration(micros) == told
