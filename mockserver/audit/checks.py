"""THE TABLE of checks: what each does to the webhooks of a play, what must hold, and what to do where it does not.

A check plays the scenario with its faults, once for each of its seeds, or looks at the undisturbed plays alone. `judge`
makes a verdict of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mockserver.audit import findings
from mockserver.audit.judging import Undisturbed, Verdict, compare, overtaken
from mockserver.audit.play import Play
from mockserver.sim.faults import Fault, Latency

ORDER_SECS = 0.5
"""How long a webhook is held back at most for the next one of its call, in simulated seconds."""
LATE_SECS = Latency(0.2, 1.0)
"""How late deliveries are: too little for most calls to go another way, and enough to overtake each other."""
MUCH_LATER_SECS = Latency(60.0, 60.0)
"""When a webhook comes once more: when most calls are over."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a judge looks at: the undisturbed plays, the play with the faults (without any the first undisturbed one),
    what the scenario wants to be refused (the numbers of its entries), and the platform's patience with an answer.

    `missed` says what the undisturbed plays lacked of what the scenario expects, and why one was stopped.
    """

    base: Undisturbed
    play: Play
    expected: frozenset[int] = frozenset()
    missed: Sequence[str] = ()
    patience_secs: float = 2.0


Judge = Callable[[Evidence], Verdict]


@dataclass(frozen=True, slots=True)
class Check:
    """A row. `title` says what holds where it passes; `does`, `must` and `advice` are whole sentences.

    `faults` are suffered by its plays, `seeds` is how many there are; `early` has the first event of each command
    delivered before the response to it.
    """

    name: str
    title: str
    does: str
    must: str
    advice: str
    judge: Judge
    faults: tuple[Fault, ...] = ()
    seeds: int = 1
    early: bool = False

    @property
    def plays(self) -> bool:
        """Does it play at all, or look at the undisturbed plays?"""
        return bool(self.faults) or self.early


def _steady(evidence: Evidence) -> Verdict:
    """The undisturbed plays are alike, meet what the scenario expects, and every webhook of theirs was accepted."""
    first, *others = evidence.base.plays
    found = Verdict(tuple(evidence.missed)) + Verdict(findings.not_accepted(first))
    for other in others:
        alone = Undisturbed([first], evidence.base.ignored, evidence.base.ordered)
        found += compare(alone, other, lenient=False, ordered=False)
    fields = sorted({f"{operation}: {name}" for operation, name in evidence.base.ignored})
    notes = [f"{name} differs between undisturbed plays, and is not compared" for name in fields]
    notes += ["the order of commands differs between undisturbed plays, and is not compared"] * (
        not evidence.base.ordered
    )
    return found + Verdict(notes=(f"{len(first.sent)} commands, {len(first.told)} webhooks", *notes))


def _not_accepted(evidence: Evidence) -> tuple[str, ...]:
    """The genuine webhooks that were not accepted, but those of which undisturbed plays have told already."""
    told = {one.event for play in evidence.base.plays for one in play.told if not one.accepted}
    return findings.not_accepted(evidence.play, told)


def _compared(evidence: Evidence, *, lenient: bool) -> Verdict:
    """What differs from the undisturbed plays; a note where they had nothing that could."""
    found = compare(evidence.base, evidence.play, lenient=lenient, ordered=not lenient)
    if evidence.base.plays[0].sent:
        return found
    return found + Verdict(notes=("no commands were sent undisturbed, so there are none to compare",))


def _same(evidence: Evidence) -> Verdict:
    """The same commands in the same order of each call."""
    found = _compared(evidence, lenient=False)
    return found + Verdict(warnings=_not_accepted(evidence))


def _same_but_for_news(evidence: Evidence) -> Verdict:
    """The same commands, except where disorder lawfully made something else happen."""
    found = _compared(evidence, lenient=True)
    return found + Verdict(warnings=_not_accepted(evidence))


def _in_another_order(evidence: Evidence) -> Verdict:
    count = overtaken(evidence.play)
    note = (
        f"{count} webhook{'s' * (count != 1)} overtaken" if count else "no webhooks came close enough to be overtaken"
    )
    return _same_but_for_news(evidence) + Verdict(notes=(note,))


def _refused_and_done(evidence: Evidence) -> Verdict:
    """Forged deliveries are refused, bring about nothing, and do not keep the genuine ones from being acted on."""
    found = _compared(evidence, lenient=False)
    return findings.let_in(evidence.play) + found + Verdict(_not_accepted(evidence))


CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (
        Check(
            "undisturbed",
            "two undisturbed plays are alike",
            "Plays the scenario twice as it is.",
            "Both meet what the scenario expects, all webhooks get a 2xx, and the same commands are sent.",
            "Begin with this one: what the other checks say is held against these plays. What an application decides "
            "by chance, or by what it kept of earlier calls, cannot be audited: give it a fixed seed, or let it begin "
            "anew with each call. Where webhooks got a 4xx, see whether they are verified as they came, with the key "
            "in `TELNYX_PUBLIC_KEY`.",
            _steady,
        ),
        Check(
            "in_time",
            "every webhook is answered in time",
            "Looks at how long the answers to the webhooks of the undisturbed plays took, in real time.",
            "Every answer comes before the platform gives up (`--webhook-timeout`). More than half of that is a "
            "warning, and so is what is late in the first play alone, when the application has just been started.",
            "Answer first, and do what takes long in a queue or a background task. An answer that is late counts as "
            "lost: the event comes again, while the first one is still at work.",
            lambda evidence: findings.in_time(evidence.base.plays, evidence.patience_secs),
        ),
        Check(
            "refused_commands",
            "no command is refused",
            "Looks at the undisturbed plays for commands that the platform refused.",
            "None is, but those that the scenario expects (`gets`) and those that its faults refuse.",
            "The code says what was wrong (`telnyx-mockserver errors` explains them). Send a command when the event "
            "has come that makes it possible.",
            lambda evidence: findings.refused(evidence.base.plays[0], evidence.expected),
        ),
        Check(
            "outgoing_calls",
            "calls of its own are not taken for incoming ones",
            "Looks at the undisturbed plays for commands in reaction to `call.initiated` of an outgoing call.",
            "None of them is refused.",
            "A call that the application makes reports `call.initiated` too: look at `payload.direction` before "
            "answering, and tell own calls apart by their `client_state`.",
            lambda evidence: findings.outgoing(evidence.base.plays[0], evidence.expected),
        ),
        Check(
            "ended_calls",
            "nothing is sent to calls that have ended",
            "Looks at the undisturbed plays for commands on a call whose `call.hangup` was delivered before.",
            "There is none. A command that crosses with a hang-up is nobody's fault, and is only noted.",
            "End what goes on for a call (timers, tasks, queues) when its `call.hangup` comes.",
            lambda evidence: findings.on_ended(evidence.base.plays[0], evidence.expected),
        ),
        Check(
            "duplicates",
            "a webhook that comes twice counts once",
            "Delivers every webhook twice, one right after the other, with the same event id.",
            "The same commands are sent as in an undisturbed play.",
            "Remember the `id` of each event when it is verified, and answer 200 to one that is known without acting. "
            "A `command_id` made of the event id makes a repeated command harmless too.",
            _same,
            (Fault(event="*", delivery="duplicate"),),
        ),
        Check(
            "late_duplicates",
            "a webhook that comes again much later counts once",
            "Delivers every webhook again after a minute, when the call may be over.",
            "The same commands are sent as in an undisturbed play.",
            "Keep event ids longer than calls: forgetting them with `call.hangup` makes an old `call.initiated` new. A "
            "day is plenty.",
            _same,
            (Fault(event="*", latency=MUCH_LATER_SECS, besides=True),),
        ),
        Check(
            "retries",
            "an event whose answer is lost counts once",
            "Loses the answer to the first attempt of every webhook, so that it comes again, with `meta.attempt` 2.",
            "The same commands are sent as in an undisturbed play: the first delivery did arrive.",
            "Decide by the event's `id`, which a retry keeps, and not by `meta.attempt`.",
            _same,
            (Fault(event="*", attempt=1, delivery="lost_answer"),),
        ),
        Check(
            "reordered",
            "the order of webhooks does not matter",
            "Delivers webhooks of a call behind the next one, where that comes within half a second: half of them, by "
            "chance, in three plays.",
            "For the same news the same commands are sent, in any order.",
            "Act on what an event says, not on which one came before; `occurred_at` says when it happened. A state "
            "machine should take in an event that is early, and ignore one that is stale.",
            _in_another_order,
            (Fault(event="*", delivery="reorder", within=ORDER_SECS, probability=0.5),),
            seeds=3,
        ),
        Check(
            "late",
            "late webhooks are acted on all the same",
            "Delivers every webhook 0.2 to 1 simulated seconds late, by chance, in two plays, so that they overtake "
            "each other, also those of different calls.",
            "For the same news the same commands are sent, in any order; a call that ended meanwhile is no defect.",
            "As with `reordered`. Do not throw away an event because of its age, and do not take the order of the "
            "events of two calls for granted.",
            _in_another_order,
            (Fault(event="*", latency=LATE_SECS),),
            seeds=2,
        ),
        Check(
            "early",
            "a webhook may come before the response to its command",
            "Keeps the response to each command back until the first event that it brings about was delivered.",
            "The same commands are sent as in an undisturbed play.",
            "Be ready for the event before the response is there: send what the event needs to be understood with the "
            "command, as `client_state`; an unknown `call_control_id` may be that of a call that is being dialled.",
            _same_but_for_news,
            early=True,
        ),
        Check(
            "wrong_signature",
            "what is signed with another key is refused",
            "Delivers a copy of every webhook that somebody else signed, just before the genuine one.",
            "The copy gets a 4xx (401 or 403 say it best) and brings about nothing; the genuine one is acted on.",
            "Verify the signature with the platform's public key (the SDK's `webhooks.unwrap`) before anything else is "
            "done with the body. An event id may be remembered only after that: else a forgery makes the genuine event "
            "look like a duplicate.",
            _refused_and_done,
            (Fault(event="*", delivery="wrong_signature", besides=True),),
        ),
        Check(
            "no_signature",
            "what is not signed is refused",
            "Delivers a copy of every webhook without the headers that sign it, just before the genuine one.",
            "The copy gets a 4xx and brings about nothing; the genuine one is acted on.",
            "A missing header is a reason to refuse, not to skip the check.",
            _refused_and_done,
            (Fault(event="*", delivery="no_signature", besides=True),),
        ),
        Check(
            "stale_signature",
            "what was signed long ago is refused",
            "Delivers a copy of every webhook that was signed well, ten minutes ago, just before the genuine one.",
            "The copy gets a 4xx and brings about nothing; the genuine one is acted on.",
            "Compare `telnyx-timestamp` with the clock and refuse what is older than five minutes, as the SDK does: "
            "else whoever has seen a webhook once can send it again for ever.",
            _refused_and_done,
            (Fault(event="*", delivery="stale_signature", besides=True),),
        ),
        Check(
            "changed_body",
            "what was changed on the way is refused",
            "Delivers a copy of every webhook with the right signature and another body, just before the genuine one.",
            "The copy gets a 4xx and brings about nothing; the genuine one is acted on.",
            "The signature is over the whole body: refuse what it does not fit, whatever the event says.",
            _refused_and_done,
            (Fault(event="*", delivery="changed_body", besides=True),),
        ),
        Check(
            "rewritten_body",
            "the bytes are verified as they came",
            "Delivers a copy of every webhook with the right signature and the same JSON with other spaces, just "
            "before the genuine one.",
            "The copy gets a 4xx and brings about nothing; the genuine one is acted on.",
            "Verify the bytes as they came, before a framework parses them and writes them anew: who verifies JSON "
            "that it has written itself refuses genuine webhooks as soon as the platform writes them otherwise.",
            _refused_and_done,
            (Fault(event="*", delivery="rewritten_body", besides=True),),
        ),
    )
}
"""All checks by name, in the order in which they are made."""
