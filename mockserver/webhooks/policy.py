"""Which URL an event goes to, what an answer means, and which attempt follows.

First attempt at the primary URL, retries there, one attempt at the failover URL, the end. The primary URL is
the first of: the command's `webhook_urls` for this event type; the leg's `webhook_url` or its application's
`webhook_event_url`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

from mockserver.sim.events import Route

T = TypeVar("T")

KEY_OF_EVENT = {"call.bridged": "call.bridge"}
"""How the published examples of `webhook_urls` and `webhook_retries_policies` write the key of an event; both
count."""


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How deliveries behave. Delays are simulated seconds; deadlines and waits are real seconds.

    `deadline_secs` holds when the application has no `webhook_timeout_secs`. `order_wait_secs` is how long a
    webhook that is not answered delays the next one of its leg. `max_in_flight` and `max_waiting` count per
    destination. `close_secs` is how long the sender, when it is closed, waits for posts that it has cancelled.
    """

    deadline_secs: float = 2.0
    retry_delays_secs: tuple[float, ...] = (1.0,)
    failover_delay_secs: float = 0.0
    order_wait_secs: float = 0.5
    max_in_flight: int = 64
    max_waiting: int = 100_000
    close_secs: float = 0.9


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver an event: `number` counts from 1, `delay_secs` is waited for in simulated time
    before it."""

    number: int
    url: str
    method: str
    delay_secs: float = 0.0
    failover: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, with `location` when it is a redirect; or no status, a code of `CODES` and a
    reason."""

    status: int | None
    code: str | None = None
    reason: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means: `retry` says whether the same URL is worth another attempt."""

    delivered: bool
    retry: bool = False
    code: str | None = None
    reason: str | None = None


DELIVERED = Verdict(True)

CODES = {
    "75000": "the delivery failed",
    "75001": "the name of the host cannot be resolved",
    "75002": "cannot connect",
    "75003": "the certificate is misconfigured",
    "75004": "the certificate has expired",
    "75005": "the certificate is for another name",
    "75006": "the certificate is not from a trusted root",
    "75299": "a 2xx other than 200",
    "75300": "a redirect",
    "75400": "400",
    "75404": "404",
    "75499": "another 4xx",
    "75500": "500",
    "75599": "another 5xx",
}
"""The platform's codes of webhook deliveries."""

_EXACT_CODES = {400: "75400", 404: "75404", 500: "75500"}
_CODES_BY_HUNDRED = {2: "75299", 3: "75300", 4: "75499", 5: "75599"}
_VERIFIES = "if it verifies signatures, does it use this server's public key, and the raw body?"
_HINTS = {
    400: _VERIFIES,
    401: _VERIFIES,
    403: _VERIFIES,
    404: "is the path of the webhook URL right?",
    405: "does the application take this method at this path?",
}


def first_attempts(route: Route | None, event_type: str) -> tuple[Attempt, ...]:
    """Where an event goes first: to all URLs that are named for it, else to the one for everything; or nowhere."""
    if route is None:
        return ()
    own_urls = _for_event(route.urls, event_type)
    if own_urls:
        return tuple(Attempt(1, url, route.urls_method.upper()) for url in own_urls)
    return (Attempt(1, route.url, route.method.upper()),) if route.url else ()


def next_attempt(
    route: Route, event_type: str, settings: DeliverySettings, last: Attempt, verdict: Verdict
) -> Attempt | None:
    """What follows an attempt, or None if nothing does.

    An answer that is not worth a retry goes to the failover URL at once: by the reference, anything but a 200
    leads there.

    GUESS: the failover URL is tried once, without a delay of its own, with the method of the primary. The
    platform says that two failures lead to it, but neither when nor for how long.
    """
    if verdict.delivered or last.failover:
        return None
    delays = retry_delays_secs(route, event_type, settings)
    if verdict.retry and last.number <= len(delays):
        return Attempt(last.number + 1, last.url, last.method, delays[last.number - 1])
    if route.failover_url:  # GUESS: also at once after a 4xx that is not retried
        return Attempt(last.number + 1, route.failover_url, last.method, settings.failover_delay_secs, failover=True)
    return None


def retry_delays_secs(route: Route, event_type: str, settings: DeliverySettings) -> tuple[float, ...]:
    """The delays before the retries at the primary URL: the event's own policy, else the default.

    GUESS: the default of one retry after 1 s; the platform speaks of two failed deliveries and of a back-off,
    without figures.
    """
    policy = _for_event(route.retries_ms, event_type)
    return settings.retry_delays_secs if policy is None else tuple(delay / 1000 for delay in policy)


def deadline_secs(route: Route, settings: DeliverySettings) -> float:
    """How long the application may take to answer, in real seconds.

    GUESS: `webhook_timeout_secs` 0, which the schema allows, means the default and not that nothing is in
    time.
    """
    return route.timeout_secs or settings.deadline_secs


def judge(answer: Answer) -> Verdict:
    """What an answer means.

    A 2xx other than 200 is delivered and flagged. Retried are: no answer, 408, 429 and 5xx.

    GUESS: a redirect is not followed, although one page says that up to three are: another page counts it as
    a failure, and a redirect of a POST is nearly always a mistake in the URL (`http` for `https`, a missing
    `/` at the end) that would only come back later. It is not retried either: the same URL would redirect
    again.
    """
    status = answer.status
    if status is None:
        code = answer.code or "75000"
        return Verdict(False, True, code, answer.reason or CODES.get(code))
    if status == 200:
        return DELIVERED
    code = _EXACT_CODES.get(status) or _CODES_BY_HUNDRED.get(status // 100, "75000")
    if 200 < status < 300:
        return Verdict(True, False, code, f"answered {_named(status)}: delivered, but the platform asks for 200")
    return Verdict(False, status in (408, 429) or status >= 500, code, _reason(answer, status))


def _reason(answer: Answer, status: int) -> str:
    said = f"answered {_named(status)}"
    if status // 100 == 3:
        where = f" to {safe_url(answer.location)}" if answer.location else ""
        return f"{said}{where}: redirects are not followed; give the final URL as the webhook URL"
    return f"{said}: {_HINTS[status]}" if status in _HINTS else said


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _for_event(by_event: Mapping[str, T], event_type: str) -> T | None:
    """The value of an event type, under its name or the name that the published examples use."""
    if not by_event:
        return None
    found = by_event.get(event_type)
    return by_event.get(KEY_OF_EVENT.get(event_type, event_type)) if found is None else found


@lru_cache(maxsize=4096)
def destination(url: str) -> str:
    """Scheme, host and port of a URL: what deliveries are bounded by. A URL that cannot be parsed is its
    own."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.hostname}:{port}"


_SECRET_IN_QUERY = re.compile(
    r"(?i)([?&][^=&#]*(?:token|secret|key|password|passwd|pwd|sig|signature|auth)[^=&#]*=)[^&#]*"
)
_USERINFO = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?#]*@")


def safe_url(url: str) -> str:
    """A URL as it may be logged: without user and password, and with secrets in the query as `***`."""
    if "@" in url:
        url = _USERINFO.sub(r"\1//", url)
    return _SECRET_IN_QUERY.sub(r"\1***", url) if "?" in url else url
