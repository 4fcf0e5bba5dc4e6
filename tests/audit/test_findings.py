"""What can be said of a play by itself."""

from __future__ import annotations

from mockserver.audit import findings
from mockserver.audit.judging import Verdict
from mockserver.audit.play import FORGED, TWICE
from tests.audit.telling import play, sent, told

RINGS = told("call.initiated", says='{"direction": "outgoing"}')
REFUSED = "90102 Command is invalid"
ENDED = "90018 Call has already ended"


def test_an_answer_behind_the_limit_fails_and_one_behind_half_of_it_is_a_warning() -> None:
    seen = play(told("call.initiated", ms=2_000.0), told("call.answered", ms=1_001.0), told("call.hangup", ms=1_000.0))
    assert findings.in_time([seen], 2.0) == Verdict(
        ("call.initiated was answered after 2,000 ms of 2,000",),
        ("call.answered was answered after 1,001 ms of 2,000",),
        ("the slowest answer took 2,000 ms: call.initiated",),
    )


def test_what_is_slow_in_the_first_play_alone_is_a_warning() -> None:
    cold, warm = play(told("call.initiated", ms=2_500.0)), play(told("call.initiated", ms=20.0))
    assert findings.in_time([cold, warm], 2.0) == Verdict(
        warnings=("call.initiated was answered after 2,500 ms of 2,000, in the first play",),
        notes=("the slowest answer took 20 ms: call.initiated",),
    )


def test_no_answer_is_late_and_nothing_delivered_is_not() -> None:
    seen = play(told("call.initiated", status=None, reason="no answer within 2 s"))
    assert findings.in_time([seen], 2.0).failures == ("call.initiated was not answered: no answer within 2 s",)
    assert findings.in_time([play()], 2.0) == Verdict(notes=("nothing was delivered",))


def test_genuine_webhooks_that_were_not_accepted_are_told_but_not_lost_answers() -> None:
    seen = play(
        told("call.initiated", status=500),
        told("call.answered", status=None, reason="its answer was lost by a fault"),
        told("call.answered", how=TWICE, status=404),
        told("call.hangup", how=FORGED, status=401),
        told("call.hangup", status=None, reason="nothing listens"),
    )
    assert findings.not_accepted(seen) == (
        "call.initiated of call A was answered 500",
        "the duplicate of call.answered of call A was answered 404",
        "call.hangup of call A: nothing listens",
    )


def test_what_is_known_not_to_be_accepted_is_not_told_again() -> None:
    seen = play(told("call.initiated", status=401), told("call.hangup", status=401))
    assert findings.not_accepted(seen, {"call.hangup"}) == ("call.initiated of call A was answered 401",)


def test_a_refused_command_is_told_unless_the_scenario_expects_it_or_a_fault_refused_it() -> None:
    up = told("call.answered")
    seen = play(up, sent("speak", up, got=REFUSED), sent("gather", up, got=REFUSED))
    assert findings.refused(seen, {seen.sent[1].seq}).failures == (
        f"after call.answered of call A, speak on call A got {REFUSED}",
    )


def test_commands_that_take_own_calls_for_incoming_ones_are_a_kind_of_their_own() -> None:
    seen = play(RINGS, sent("answer", RINGS, got=REFUSED))
    assert findings.refused(seen, ()) == Verdict()
    assert findings.outgoing(seen, ()).failures == (
        f"answer was sent on call A, which the application dialled itself, and got {REFUSED}",
    )


def test_commands_to_calls_whose_end_was_told_are_found_and_races_are_noted() -> None:
    down, up = told("call.hangup"), told("call.answered", "B")
    seen = play(up, sent("speak", up, "B", got=ENDED), down, sent("speak", down, got=ENDED), sent("hangup", got=ENDED))
    assert findings.refused(seen, ()) == Verdict()
    assert findings.on_ended(seen, ()) == Verdict(
        ("after call.hangup of call A, speak was sent to call A, which had ended",),
        notes=("hangup was sent to call A, which had ended", "speak on call B came when the call had just ended"),
    )


def test_forged_deliveries_that_were_let_in_are_told_with_what_came_of_them() -> None:
    forged = [told(f"call.{number}", how=FORGED, status=status) for number, status in enumerate((200, 401, 500, 404))]
    seen = play(*forged, sent("answer", forged[0]), told("call.initiated"))
    assert findings.let_in(seen) == Verdict(
        (
            "1 of 4 forged deliveries was accepted: call.0 (200)",
            "1 of 4 forged deliveries was neither accepted nor refused: call.2 (500)",
            "answer was sent on call A because of a forged call.0",
        ),
        ("1 of 4 forged deliveries found no path: call.3 (404)",),
        ("4 forged deliveries",),
    )


def test_a_forgery_that_was_refused_is_blamed_only_for_what_came_before_anything_genuine() -> None:
    forged, genuine = told("call.initiated", how=FORGED, status=401), told("call.initiated")
    early = play(forged, sent("answer", forged), genuine)
    assert findings.let_in(early).failures == ("answer was sent on call A because of a forged call.initiated",)
    afterwards = told("call.answered", how=FORGED, status=401)
    assert findings.let_in(play(forged, genuine, sent("answer", afterwards), afterwards)).failures == ()


def test_many_forged_deliveries_are_named_in_short() -> None:
    seen = play(*(told(f"call.{number}", how=FORGED) for number in range(6)))
    assert findings.let_in(seen).failures == (
        "6 of 6 forged deliveries were accepted: call.0 (200), call.1 (200), call.2 (200), call.3 (200) and 2 more",
    )
