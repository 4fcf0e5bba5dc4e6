"""What is the same as in an undisturbed play and what is not, and how it is said."""

from __future__ import annotations

import pytest

from mockserver.audit.judging import Verdict, compare, overtaken, undisturbed
from mockserver.audit.play import FORGED, LATE, RETRY, TWICE, Play
from tests.audit.telling import base, play, sent, told

RINGS, UP, DOWN = told("call.initiated"), told("call.answered"), told("call.hangup", says="normal_clearing")
ANSWER, SPEAK = sent("answer", RINGS), sent("speak", UP, payload="Hello.")
QUIET = base(RINGS, ANSWER, UP, SPEAK, DOWN)


def strict(seen: Play) -> Verdict:
    return compare(QUIET, seen, lenient=False, ordered=True)


def lenient(seen: Play) -> Verdict:
    return compare(QUIET, seen, lenient=True, ordered=False)


def test_the_same_commands_are_no_difference() -> None:
    assert strict(play(RINGS, ANSWER, UP, SPEAK, DOWN)) == Verdict()
    assert lenient(play(UP, SPEAK, RINGS, ANSWER, DOWN)) == Verdict()


@pytest.mark.parametrize("how", [TWICE, LATE, RETRY, FORGED])
def test_a_command_that_was_sent_once_more_is_told_with_what_it_came_of(how: str) -> None:
    again = told("call.answered", how=how)
    found = strict(play(RINGS, ANSWER, UP, SPEAK, again, sent("speak", again, payload="Hello."), DOWN))
    assert found.failures == (
        f"after {how} call.answered of call A, speak was sent twice on call A, and once undisturbed",
    )


def test_of_two_equal_commands_the_one_that_came_of_a_repetition_is_too_many() -> None:
    forged = told("call.answered", how=FORGED)
    refused = sent("speak", forged, got="90034 Call not answered yet", payload="Hello.")
    found = strict(play(RINGS, ANSWER, forged, refused, UP, SPEAK, DOWN))
    assert found.failures == (
        "after a forged call.answered of call A, speak was sent twice on call A, and once undisturbed; "
        "this one got 90034 Call not answered yet",
    )


def test_a_command_of_another_kind_is_told() -> None:
    found = strict(play(RINGS, ANSWER, UP, SPEAK, sent("hangup", UP), sent("hangup", UP), DOWN))
    assert found.failures == (
        "after call.answered of call A, hangup was sent twice on call A, which does not happen undisturbed",
    )


def test_what_happens_on_calls_that_were_not_there_follows_from_another_difference() -> None:
    other = told("call.answered", "B")
    found = strict(play(RINGS, ANSWER, sent("dial", call=""), other, sent("speak", other, "B"), UP, SPEAK, DOWN))
    assert found == Verdict(
        ("dial was sent, which does not happen undisturbed",), notes=("1 more difference may follow from this",)
    )


def test_a_missing_command_is_told_with_what_should_have_led_to_it() -> None:
    assert strict(play(RINGS, UP, SPEAK, DOWN)).failures == (
        "answer was not sent on call A, although call.initiated was delivered",
    )


def test_what_a_missing_command_would_have_led_to_is_not_told_besides() -> None:
    assert strict(play(RINGS)) == Verdict(
        ("answer was not sent on call A, although call.initiated was delivered",),
        notes=("1 more difference may follow from this",),
    )


@pytest.mark.parametrize(
    ("seen", "how"),
    [
        (play(UP, told("call.initiated", webhook=1), ANSWER, DOWN), ", before call.initiated"),
        (play(RINGS, ANSWER, DOWN, told("call.answered", webhook=16)), ", behind call.hangup"),
        (play(RINGS, ANSWER, told("call.answered", how=FORGED), UP, DOWN), " right after its forged copy"),
    ],
)
def test_a_missing_command_is_told_with_how_its_event_was_delivered(seen: Play, how: str) -> None:
    assert lenient(seen).failures == (f"speak was not sent on call A, although call.answered was delivered{how}",)


def test_other_fields_are_told_by_name() -> None:
    found = strict(play(RINGS, ANSWER, UP, sent("speak", UP, payload="Bye.", voice="male"), DOWN))
    assert found.failures == (
        'after call.answered of call A, speak was sent on call A with payload "Bye." in place of "Hello.", '
        'voice "male" in place of nothing',
    )


def test_another_order_is_a_difference_where_the_order_of_events_was_the_same() -> None:
    seen = play(RINGS, UP, SPEAK, ANSWER, DOWN)
    assert strict(seen).failures == ("the order of the commands on call A was speak, answer in place of answer, speak",)
    assert lenient(seen) == Verdict()


def test_a_command_that_is_refused_as_it_was_not_before_is_a_difference() -> None:
    seen = play(RINGS, ANSWER, UP, sent("speak", UP, got="90034 Call not answered yet", payload="Hello."), DOWN)
    assert lenient(seen).failures == (
        "after call.answered of call A, speak on call A got 90034 Call not answered yet, and is ok undisturbed",
    )


# What disorder lawfully changes


def test_a_command_that_only_finds_its_call_ended_is_no_difference() -> None:
    late = sent("speak", UP, got="90018 Call has already ended", payload="Hello.")
    assert lenient(play(RINGS, ANSWER, DOWN, UP, late)).failures == ()
    assert strict(play(RINGS, ANSWER, DOWN, UP, late)).failures != ()


def test_what_comes_of_other_news_is_no_difference() -> None:
    other = told("call.hangup", says="timeout")
    seen = play(RINGS, ANSWER, UP, SPEAK, other, sent("dial", other, call="", to="+12025550172"))
    assert lenient(seen) == Verdict(notes=("dial is another one, since call.hangup was",))


def test_a_command_whose_event_never_came_is_no_difference_and_is_noted() -> None:
    seen = play(RINGS, ANSWER, DOWN)
    assert lenient(seen) == Verdict(notes=("call.answered did not come of call A, so neither did speak",))
    assert strict(seen).failures == ("speak was not sent on call A, nor did call.answered come, which leads to it",)


def test_other_fields_because_of_other_news_are_no_difference() -> None:
    news = told("call.answered", says="otherwise")
    found = lenient(play(RINGS, ANSWER, news, sent("speak", news, payload="Bye."), DOWN))
    assert (found.failures, found.notes) == ((), ("speak on call A is another one, since call.answered was",))


# Undisturbed plays


def test_fields_that_differ_between_undisturbed_plays_are_not_compared() -> None:
    plays = [play(RINGS, sent("answer", RINGS, client_state=text), UP, SPEAK, DOWN) for text in ("one", "two")]
    known = undisturbed(plays)
    assert (known.ignored, known.ordered) == (frozenset({("answer", "client_state")}), True)
    third = play(RINGS, sent("answer", RINGS, client_state="three"), UP, SPEAK, DOWN)
    assert compare(known, third, lenient=False, ordered=True) == Verdict()


def test_an_order_that_differs_between_undisturbed_plays_is_not_compared() -> None:
    known = undisturbed([play(RINGS, ANSWER, UP, SPEAK), play(RINGS, UP, SPEAK, ANSWER)])
    assert not known.ordered
    assert compare(known, play(RINGS, ANSWER, UP, SPEAK), lenient=False, ordered=True) == Verdict()


def test_a_play_is_held_against_the_undisturbed_one_that_it_is_nearest_to() -> None:
    known = undisturbed([play(RINGS, ANSWER), play(RINGS, sent("hangup", RINGS))])
    for seen in (play(RINGS, ANSWER), play(RINGS, sent("hangup", RINGS))):
        assert compare(known, seen, lenient=False, ordered=True) == Verdict()


def test_webhooks_that_were_overtaken_are_counted() -> None:
    assert overtaken(play(RINGS, UP)) == 0
    assert overtaken(play(UP, told("call.initiated", webhook=1))) == 1
    assert overtaken(play(UP, told("call.initiated", "B", webhook=1))) == 0


def test_the_order_of_commands_about_no_call_is_up_to_the_application() -> None:
    ada, ben = told("call.gather.ended"), told("call.gather.ended", "B")
    seen = play(ada, ben, sent("dial", ben, "", to="ben"), sent("dial", ada, "", to="ada"))
    before = base(ada, ben, sent("dial", ada, "", to="ada"), sent("dial", ben, "", to="ben"))
    assert compare(before, seen, lenient=False, ordered=True) == Verdict()


def test_what_is_sent_at_one_moment_because_of_two_calls_has_no_order() -> None:
    ada, grace = told("call.speak.ended"), told("call.hangup", "B")
    seen = play(ada, grace, sent("gather", grace), sent("speak", ada))
    before = base(ada, grace, sent("speak", ada), sent("gather", grace))
    assert compare(before, seen, lenient=False, ordered=True) == Verdict()
    alone = compare(
        base(ada, sent("speak", ada), sent("gather", ada)),
        play(ada, sent("gather", ada), sent("speak", ada)),
        lenient=False,
        ordered=True,
    )
    assert alone.failures == ("the order of the commands on call A was gather, speak in place of speak, gather",)
