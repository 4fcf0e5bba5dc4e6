"""Where an event goes, what an answer means, what follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.sim.events import Route
from mockserver.webhooks.policy import (
    CODES,
    DELIVERED,
    Answer,
    Attempt,
    DeliverySettings,
    Verdict,
    deadline_secs,
    destination,
    first_attempts,
    judge,
    next_attempt,
    safe_url,
)

SETTINGS = DeliverySettings()
APP = "http://app/hooks"
SPARE = "http://spare/hooks"
OWN = "http://own/hangup"


@pytest.mark.parametrize(
    ("route", "event_type", "goes_to"),
    [
        (None, "call.answered", None),
        (Route(), "call.answered", None),
        (Route(failover_url=SPARE), "call.answered", None),
        (Route(url=APP), "call.answered", Attempt(1, APP, "POST")),
        (Route(url=APP, method="get"), "call.answered", Attempt(1, APP, "GET")),
        (Route(url=APP, urls={"call.hangup": (OWN,)}), "call.answered", Attempt(1, APP, "POST")),
        (Route(url=APP, urls={"call.hangup": (OWN,)}, urls_method="GET"), "call.hangup", Attempt(1, OWN, "GET")),
        (Route(urls={"call.hangup": (OWN,)}), "call.hangup", Attempt(1, OWN, "POST")),
        (Route(url=APP, urls={"call.bridge": (OWN,)}), "call.bridged", Attempt(1, OWN, "POST")),
        (
            Route(url=APP, urls={"call.bridge": (SPARE,), "call.bridged": (OWN,)}),
            "call.bridged",
            Attempt(1, OWN, "POST"),
        ),
    ],
)
def test_the_most_particular_url_wins(route: Route | None, event_type: str, goes_to: Attempt | None) -> None:
    assert first_attempts(route, event_type) == (() if goes_to is None else (goes_to,))


def test_an_event_goes_to_all_urls_that_are_named_for_it() -> None:
    route = Route(url=APP, urls={"call.hangup": (OWN, SPARE)}, urls_method="GET")
    assert first_attempts(route, "call.hangup") == (Attempt(1, OWN, "GET"), Attempt(1, SPARE, "GET"))


def attempts(route: Route, event_type: str, answers: list[Answer]) -> list[Attempt]:
    """All attempts of an event, given the answers; the last answer repeats."""
    attempt = next(iter(first_attempts(route, event_type)), None)
    made: list[Attempt] = []
    while attempt is not None:
        made.append(attempt)
        answer = answers[min(len(made), len(answers)) - 1]
        attempt = next_attempt(route, event_type, SETTINGS, attempt, judge(answer))
    return made


DEAD = Answer(None, "75002")


@pytest.mark.parametrize(
    ("route", "answers", "made"),
    [
        (Route(url=APP), [Answer(200)], [Attempt(1, APP, "POST")]),
        (Route(url=APP), [DEAD], [Attempt(1, APP, "POST"), Attempt(2, APP, "POST", 1.0)]),
        (Route(url=APP), [DEAD, Answer(200)], [Attempt(1, APP, "POST"), Attempt(2, APP, "POST", 1.0)]),
        (
            Route(url=APP, failover_url=SPARE),
            [Answer(503)],
            [Attempt(1, APP, "POST"), Attempt(2, APP, "POST", 1.0), Attempt(3, SPARE, "POST", 0.0, True)],
        ),
        (
            Route(url=APP, failover_url=SPARE),
            [Answer(404)],
            [Attempt(1, APP, "POST"), Attempt(2, SPARE, "POST", 0.0, True)],
        ),
        (Route(url=APP), [Answer(404)], [Attempt(1, APP, "POST")]),
        (Route(url=APP), [Answer(301)], [Attempt(1, APP, "POST")]),
        (
            Route(url=APP, failover_url=SPARE, retries_ms={"call.answered": (500, 2000)}),
            [DEAD],
            [
                Attempt(1, APP, "POST"),
                Attempt(2, APP, "POST", 0.5),
                Attempt(3, APP, "POST", 2.0),
                Attempt(4, SPARE, "POST", 0.0, True),
            ],
        ),
        (Route(url=APP, retries_ms={"call.answered": ()}), [DEAD], [Attempt(1, APP, "POST")]),
        (
            Route(url=APP, retries_ms={"call.hangup": (5,)}),
            [DEAD],
            [Attempt(1, APP, "POST"), Attempt(2, APP, "POST", 1.0)],
        ),
    ],
)
def test_an_event_is_tried_at_the_primary_then_at_the_failover_then_no_more(
    route: Route, answers: list[Answer], made: list[Attempt]
) -> None:
    assert attempts(route, "call.answered", answers) == made


@given(
    answers=st.lists(
        st.builds(Answer, st.integers(100, 599)) | st.builds(Answer, st.none(), st.sampled_from(sorted(CODES))),
        min_size=1,
        max_size=9,
    ),
    retries=st.lists(st.integers(0, 60_000), max_size=5),
    failover=st.booleans(),
)
def test_whatever_is_answered_the_attempts_count_up_and_end(
    answers: list[Answer], retries: list[int], failover: bool
) -> None:
    route = Route(url=APP, failover_url=SPARE if failover else None, retries_ms={"x": tuple(retries)})
    made = attempts(route, "x", answers)
    assert [attempt.number for attempt in made] == list(range(1, len(made) + 1))
    assert len(made) <= 1 + len(retries) + failover
    assert all(attempt.url == APP for attempt in made[:-1])


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(200), DELIVERED),
        (Answer(202), Verdict(True, False, "75299", "answered 202 Accepted: delivered, but the platform asks for 200")),
        (
            Answer(307, location="http://me:secret@app/hooks/"),
            Verdict(
                False,
                False,
                "75300",
                "answered 307 Temporary Redirect to http://app/hooks/: redirects are not followed; "
                "give the final URL as the webhook URL",
            ),
        ),
        (
            Answer(304),
            Verdict(
                False,
                False,
                "75300",
                "answered 304 Not Modified: redirects are not followed; give the final URL as the webhook URL",
            ),
        ),
        (
            Answer(400),
            Verdict(
                False,
                False,
                "75400",
                "answered 400 Bad Request: if it verifies signatures, does it use this server's public key, "
                "and the raw body?",
            ),
        ),
        (Answer(404), Verdict(False, False, "75404", "answered 404 Not Found: is the path of the webhook URL right?")),
        (Answer(408), Verdict(False, True, "75499", "answered 408 Request Timeout")),
        (Answer(410), Verdict(False, False, "75499", "answered 410 Gone")),
        (Answer(429), Verdict(False, True, "75499", "answered 429 Too Many Requests")),
        (Answer(500), Verdict(False, True, "75500", "answered 500 Internal Server Error")),
        (Answer(599), Verdict(False, True, "75599", "answered 599")),
        (Answer(101), Verdict(False, False, "75000", "answered 101 Switching Protocols")),
        (Answer(None), Verdict(False, True, "75000", "the delivery failed")),
        (Answer(None, "75001", "no such name"), Verdict(False, True, "75001", "no such name")),
        (Answer(None, "75004"), Verdict(False, True, "75004", "the certificate has expired")),
    ],
)
def test_an_answer_is_judged_with_code_and_reason(answer: Answer, verdict: Verdict) -> None:
    assert judge(answer) == verdict


@pytest.mark.parametrize(("timeout_secs", "seconds"), [(None, 2.0), (0, 2.0), (25, 25), (0.5, 0.5)])
def test_the_deadline_is_the_applications_own_or_the_default(timeout_secs: float | None, seconds: float) -> None:
    assert deadline_secs(Route(timeout_secs=timeout_secs), SETTINGS) == seconds


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://app/x", "http://app:80"),
        ("https://APP/x", "https://app:443"),
        ("http://me:secret@app:8000/x?y", "http://app:8000"),
        ("http://app:port/", "http://app:port/"),
        ("http://[::1/", "http://[::1/"),
    ],
)
def test_a_destination_is_scheme_host_and_port(url: str, name: str) -> None:
    assert destination(url) == name


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://app/x", "http://app/x"),
        ("http://me:se/cret@app/x", "http://me:se/cret@app/x"),
        ("http://me:s@cret@app/x?mail=a@b", "http://app/x?mail=a@b"),
        ("//me@app/x", "//app/x"),
        ("/x?a=1&Access_Token=abc&b=2#c", "/x?a=1&Access_Token=***&b=2#c"),
        ("http://app/?apikey=1&sig=2", "http://app/?apikey=***&sig=***"),
    ],
)
def test_a_url_is_logged_without_secrets(url: str, shown: str) -> None:
    assert safe_url(url) == shown
