"""Numbers and addresses: what can be dialled, and how it is written in SIP."""

from __future__ import annotations

import re

from mockserver.sim import errors
from mockserver.sim.errors import Refusal

E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
SIP = re.compile(r"sips?:\S+", re.ASCII)
DIGITS_AFTER_COMMA = re.compile(r",([0-9A-DwW*#]{1,64})\Z", re.ASCII)
"""Keys to press after the answer, in the inline form of `to`."""


def is_destination(to: str) -> bool:
    """Is this a number in E.164 with its `+`, or a SIP URI?"""
    return bool(E164.fullmatch(to) or SIP.fullmatch(to))


def without_digits(to: str) -> tuple[str, str | None]:
    """A number, and the keys that stand behind it in the inline form of `to`."""
    to = to.strip()
    found = DIGITS_AFTER_COMMA.search(to)
    return (to[: found.start()], found[1]) if found else (to, None)


def check_numbers(destinations: list[str], from_: str) -> None:
    """Refuse what cannot be dialled, or dialled from: 10004 for no destination, 10016 for a number that is none.

    A call to SIP addresses alone may come from a SIP user.
    """
    if not destinations:
        raise Refusal(errors.MISSING_PARAMETER, parameter="to")
    wrong = [errors.NOT_E164.raised(parameter="to") for to in destinations if not is_destination(to)][:1]
    if not E164.fullmatch(from_) and not all(SIP.fullmatch(to) for to in destinations):
        wrong.append(errors.NOT_E164.raised(parameter="from"))
    if wrong:
        raise Refusal.of(wrong)


def sip_uri(number: str, user: str, host: str) -> str:
    """The address as in SIP: of a SIP URI its own, of a number a gateway's."""
    return number.split(":", 1)[1] if SIP.fullmatch(number) else f"{user}@{host}"
