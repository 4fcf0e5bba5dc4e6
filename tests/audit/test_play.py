"""A play read from the log: what calls are called, what a command was sent because of, and what is left out."""

from __future__ import annotations

from base64 import b64encode

from mockserver.audit.naming import MOST_ORDERS, Roster
from mockserver.audit.play import FORGED, LATE, RETRY, TWICE, read, readings
from mockserver.sim.clock import EPOCH, iso
from mockserver.sim.events import Entry, Json, Log

ADA, APP, GRACE = "+12025550143", "+12025550178", "+12025550172"
ONE, TWO = "v3:" + "a" * 54, "v3:" + "b" * 54
CONFERENCE = "0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61"


class Written:
    """A log that is written by hand."""

    def __init__(self) -> None:
        self.log = Log()
        self.now = EPOCH

    def webhook(self, name: str, call: str = ONE, **payload: object) -> Entry:
        parties = {"from": ADA, "to": APP} if call == ONE else {"from": APP, "to": GRACE}
        direction = "incoming" if call == ONE else "outgoing"
        body = {"call_control_id": call, "direction": direction, **parties, **payload}
        event = f"00000000-0000-4000-8000-{self.log.last_seq:012}"
        return self.log.append(self.now, "webhook", name, call, {"id": event, "payload": body, "record_type": "event"})

    def delivery(self, webhook: Entry, outcome: str = "delivered", attempt: int = 1, **more: object) -> Entry:
        data: Json = {"event_id": webhook.data["id"], "outcome": outcome, "attempt": attempt, "status": 200}
        data |= {"started_at": iso(self.now), "ms": 1.0, "reason": None, **more}
        return self.log.append(self.now, "delivery", webhook.name, webhook.call_control_id, data)

    def command(self, name: str, call: str | None = ONE, request: Json | None = None, **more: object) -> Entry:
        data = {"request": request or {}, "status": 200, "response": {}, **more}
        return self.log.append(self.now, "command", name, call, data)

    @property
    def entries(self) -> list[Entry]:
        return list(self.log.entries)


def test_calls_are_letters_that_stay_the_same_in_every_play() -> None:
    roster, first, second = Roster(), Written(), Written()
    for call in (ONE, TWO):
        first.delivery(first.webhook("call.initiated", call))
    for call in (TWO, ONE):
        second.delivery(second.webhook("call.initiated", call))
    assert [one.call for one in read(first.entries, roster).told] == ["A", "B"]
    assert [one.call for one in read(second.entries, roster).told] == ["B", "A"]
    assert roster.legend() == [f"A = incoming, {ADA} -> {APP}", f"B = outgoing, {APP} -> {GRACE}"]


def test_a_second_call_between_the_same_numbers_has_a_letter_of_its_own() -> None:
    roster, written = Roster(), Written()
    for call in (TWO, "v3:" + "c" * 54):
        written.webhook("call.initiated", call)
    read(written.entries, roster)
    assert roster.legend()[1] == f"B = outgoing, {APP} -> {GRACE}, number 2 of these"


def test_ids_are_names_in_commands_also_inside_the_state_of_the_application() -> None:
    written = Written()
    written.webhook("call.initiated", call_leg_id="6f0c2d5a-6b0e-41f1-9c3d-02420a0c5e17")
    written.command("create_conference", request={}, response={"data": {"id": CONFERENCE, "record_type": "conference"}})
    state = b64encode(f'{{"caller": "{ONE}"}}'.encode()).decode()
    request = {"conference_id": CONFERENCE, "client_state": state, "command_id": "x", "to": [ONE], "leg": "no id"}
    written.command("dial", None, request)
    sent = read(written.entries, Roster()).sent[-1]
    assert sent.fields == {
        "conference_id": '"conference 1"',
        "client_state": '"{\\"caller\\": \\"call A\\"}"',
        "to": '["call A"]',
        "leg": '"no id"',
    }


def test_a_state_that_is_no_text_stays_as_it_is() -> None:
    written = Written()
    written.webhook("call.initiated")
    for state in ("no base64!", b64encode(b"\xff").decode()):
        written.command("answer", request={"client_state": state})
    assert [sent.fields["client_state"] for sent in read(written.entries, Roster()).sent] == ['"no base64!"', '"/w=="']


def test_a_command_was_sent_because_of_the_delivery_in_flight_or_else_the_last_one_of_its_call() -> None:
    written = Written()
    first = written.webhook("call.initiated")
    written.command("answer")
    written.delivery(first)
    second = written.webhook("call.initiated", TWO)
    written.delivery(second)
    written.command("speak")
    written.command("dial", None)
    causes = [sent.cause and (sent.cause.event, sent.cause.call) for sent in read(written.entries, Roster()).sent]
    assert causes == [("call.initiated", "A"), ("call.initiated", "A"), ("call.initiated", "B")]
    written = Written()
    written.command("dial", None)
    assert read(written.entries, Roster()).sent[0].cause is None


def test_a_delivery_that_has_not_begun_is_not_in_flight() -> None:
    written = Written()
    late = written.webhook("call.answered")
    soon = written.webhook("call.initiated")
    written.command("answer")
    written.delivery(soon)
    written.now += 1
    written.delivery(late)
    assert [str(sent.cause) for sent in read(written.entries, Roster()).sent] == ["call.initiated"]


def test_repetitions_are_told_apart() -> None:
    written = Written()
    webhook = written.webhook("call.initiated")
    written.delivery(webhook, "forged", 0, status=401, fault="wrong_signature, besides")
    written.delivery(webhook, fault="duplicate")
    written.delivery(webhook, fault="duplicate")
    written.delivery(webhook, attempt=2)
    written.delivery(webhook, fault="latency 60 s, besides")
    play = read(written.entries, Roster())
    assert [one.how for one in play.told] == [FORGED, "", TWICE, RETRY, LATE]
    assert [str(one) for one in play.told[:2]] == ["a forged call.initiated", "call.initiated"]
    assert len(play.news()) == 1


def test_news_is_what_an_event_says_and_not_when() -> None:
    news = []
    for digit, at in (("1", "2026-01-01"), ("1", "2026-01-02"), ("2", "2026-01-01")):
        written = Written()
        written.delivery(written.webhook("call.dtmf.received", digit=digit, start_time=at, client_state=at))
        news += read(written.entries, Roster()).news()
    assert (news[0] == news[1], news[0] == news[2]) == (True, False)


def test_what_a_command_got_is_told_and_one_that_repeats_a_command_id_is_left_out() -> None:
    written = Written()
    written.webhook("call.initiated")
    written.command("answer")
    written.command("answer", repeated=True)
    written.command("speak", status=422, errors=[{"code": "90034", "title": "Call not answered yet"}])
    written.command("hangup", status=None, errors=[], fault="connection drop")
    told = [(sent.operation, sent.got, sent.code, sent.faulty) for sent in read(written.entries, Roster()).sent]
    assert told == [
        ("answer", "ok", "", False),
        ("speak", "90034 Call not answered yet", "90034", False),
        ("hangup", "status None", "", True),
    ]


def test_a_delivery_of_a_webhook_that_the_log_does_not_have_is_left_out() -> None:
    written = Written()
    webhook = written.webhook("call.hangup")
    written.delivery(webhook)
    assert read(written.entries[1:], Roster()).told == []
    assert read(written.entries, Roster()).hung_up == {"A": 2}


def test_a_play_is_read_in_every_order_in_which_like_calls_may_have_been_dialled() -> None:
    roster, written, third = Roster(), Written(), "v3:" + "c" * 54
    for call in (ONE, TWO, third):
        written.delivery(written.webhook("call.initiated", call))
    read_so = [[one.call for one in play.told] for play in readings(written.entries, roster)]
    assert read_so == [["A", "B", "C"], ["A", "C", "B"]]


def test_a_play_with_very_many_like_calls_is_not_read_in_every_order() -> None:
    written = Written()
    for number in range(8):
        written.webhook("call.initiated", "v3:" + str(number) * 54)
    assert len(list(readings(written.entries, Roster()))) == MOST_ORDERS
