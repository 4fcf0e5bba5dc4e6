"""What can be said of a play by itself: what was answered in time, what was refused, what was let in. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from mockserver.audit.judging import ENDED, Verdict
from mockserver.audit.play import Play, Sent, Told
from mockserver.scenario.expecting.matching import OK

REFUSALS = range(400, 500)
"""What an application may answer to a delivery that is not the platform's; 401 or 403 say it best."""

LOST = "its answer was lost by a fault"
"""Why a delivery failed that did arrive."""

NOT_FOUND, NO_METHOD = 404, 405
"""Refusals of the path, not of the signature."""

MOST_NAMED = 4
"""How many of a kind are named in one sentence."""


def in_time(plays: Sequence[Play], limit_secs: float) -> Verdict:
    """Was every webhook answered within the platform's patience, and within half of it?

    The first play is that of an application which has just been started, and may be slow once: that is a warning.
    """
    cold, warm = _slowest(plays[:1]), _slowest(plays[1:] or plays)
    late = {event: told for event, told in warm.items() if _is_late(told, limit_secs)}
    once = [told for event, told in cold.items() if _is_late(told, limit_secs) and event not in late]
    near = [told for event, told in warm.items() if told.ms > limit_secs * 500 and event not in late]
    slowest = max(warm.values(), key=lambda told: told.ms, default=None)
    note = f"the slowest answer took {slowest.ms:,.0f} ms: {slowest.event}" if slowest else "nothing was delivered"
    return Verdict(
        tuple(_late(told, limit_secs) for told in late.values()),
        (
            *(f"{_late(told, limit_secs)}, in the first play" for told in once),
            *(_late(told, limit_secs) for told in near),
        ),
        (note,),
    )


def _slowest(plays: Iterable[Play]) -> dict[str, Told]:
    """Of each event the delivery that was answered last."""
    found: dict[str, Told] = {}
    for told in (told for play in plays for told in play.told):
        if told.event not in found or told.ms > found[told.event].ms:
            found[told.event] = told
    return found


def _is_late(told: Told, limit_secs: float) -> bool:
    return told.status is None or told.ms >= limit_secs * 1000


def _late(told: Told, limit_secs: float) -> str:
    if told.status is None:
        return f"{told.event} was not answered: {told.reason}"
    return f"{told.event} was answered after {told.ms:,.0f} ms of {limit_secs * 1000:,.0f}"


def not_accepted(play: Play, known: Collection[str] = ()) -> tuple[str, ...]:
    """The genuine webhooks that were not answered with a 2xx, but those of which it is known."""
    wrong = [told for told in play.told if not (told.forged or told.accepted or told.reason == LOST)]
    wrong = [told for told in wrong if told.event not in known]
    return tuple(
        f"{told}{_on(told.call)} was answered {told.status}"
        if told.status
        else f"{told}{_on(told.call)}: {told.reason}"
        for told in wrong
    )


def refused(play: Play, expected: Collection[int]) -> Verdict:
    """Commands that the platform refused, but those that the scenario expects, those of faults, and lost races."""
    return Verdict(
        tuple(
            f"{_after(sent)}{sent.operation}{sent.on_call} got {sent.got}"
            for sent in _refusals(play, expected)
            if not (_is_outgoing(sent) or sent.code == ENDED)
        )
    )


def outgoing(play: Play, expected: Collection[int]) -> Verdict:
    """Commands in reaction to `call.initiated` of a call that the application itself makes, and that are refused."""
    return Verdict(
        tuple(
            f"{sent.operation} was sent{sent.on_call}, which the application dialled itself, and got {sent.got}"
            for sent in _refusals(play, expected)
            if _is_outgoing(sent)
        )
    )


def on_ended(play: Play, expected: Collection[int]) -> Verdict:
    """Commands on calls whose end the application had been told; to hang up such a call once more harms nobody."""
    late = [sent for sent in _refusals(play, expected) if sent.code == ENDED]
    told = [sent for sent in late if play.hung_up.get(sent.call, sent.seq) < sent.seq or _is_of_the_end(sent)]
    again = [_to_ended(sent) for sent in told if sent.operation == "hangup"]
    races = [f"{sent.operation}{sent.on_call} came when the call had just ended" for sent in late if sent not in told]
    return Verdict(tuple(_to_ended(sent) for sent in told if sent.operation != "hangup"), notes=(*again, *races))


def _is_of_the_end(sent: Sent) -> bool:
    return sent.cause is not None and (sent.cause.event, sent.cause.call) == ("call.hangup", sent.call)


def _to_ended(sent: Sent) -> str:
    return f"{_after(sent)}{sent.operation} was sent to call {sent.call}, which had ended"


def let_in(play: Play) -> Verdict:
    """Forged deliveries that were not refused, and what was sent because of them.

    An application that acts after it has answered may do so while the next forgery is on its way: a forgery that was
    refused is blamed only for what was sent before anything genuine had come.
    """
    forged = [told for told in play.told if told.forged]
    accepted = [told for told in forged if told.accepted]
    odd = [told for told in forged if told.status not in REFUSALS and not told.accepted]
    nowhere = [told for told in forged if told.status in (NOT_FOUND, NO_METHOD)]
    caused = [
        sent
        for sent in play.sent
        if sent.cause is not None and sent.cause.forged and (sent.cause.accepted or not play.heard(sent))
    ]
    failures = [
        *_counted(accepted, len(forged), "was accepted", "were accepted"),
        *_counted(odd, len(forged), "was neither accepted nor refused", "were neither accepted nor refused"),
        *(f"{sent.operation} was sent{sent.on_call} because of {sent.cause}" for sent in caused),
    ]
    warnings = _counted(nowhere, len(forged), "found no path", "found no path")
    return Verdict(tuple(dict.fromkeys(failures)), tuple(warnings), (f"{len(forged)} forged deliveries",))


def _counted(some: Sequence[Told], of: int, one: str, several: str) -> Iterator[str]:
    """`3 of 7 forged deliveries were accepted: call.initiated (200), call.answered (200)`"""
    if not some:
        return
    named = list(dict.fromkeys(f"{told.event} ({told.status or told.reason})" for told in some))
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    noun = "forged delivery" if of == 1 else "forged deliveries"
    yield f"{len(some)} of {of} {noun} {one if len(some) == 1 else several}: {', '.join(named[:MOST_NAMED])}{more}"


def _refusals(play: Play, expected: Collection[int]) -> list[Sent]:
    return [sent for sent in play.sent if sent.got != OK and not sent.faulty and sent.seq not in expected]


def _is_outgoing(sent: Sent) -> bool:
    cause = sent.cause
    return (
        cause is not None
        and cause.event == "call.initiated"
        and cause.call == sent.call
        and '"direction": "outgoing"' in cause.news
    )


def _after(sent: Sent) -> str:
    return f"after {sent.cause}{_on(sent.cause.call)}, " if sent.cause else ""


def _on(call: str) -> str:
    return f" of call {call}" if call else ""
