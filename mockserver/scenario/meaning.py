"""What somebody probably meant who wrote a value that is none: the end of a sentence, if possible with a good one.

What is good is said by the patterns here; `values` reads by them.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from mockserver.sim import errors
from mockserver.sim.numbers import E164, SIP

DURATION = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s?)?", re.ASCII)
MILLISECONDS = re.compile(r"(\d{1,9})ms", re.ASCII)
PATTERN = re.compile(r"\+?[0-9*]+|sips?:\S+", re.ASCII)
NORTH_AMERICAN = re.compile(r"[2-9][0-9]{9}", re.ASCII)
"""A number without its country, which then is most probably +1."""
SHORTEST = 9
"""No number that somebody means has fewer characters with its country."""


def is_url(written: str) -> bool:
    """Is it an address that can be posted to?"""
    try:
        parts = urlsplit(written)
        host = (parts.hostname or "").encode("idna")  # as it is looked up; not all texts can be
        good = parts.scheme in ("http", "https") and bool(host) and (parts.port or 1) > 0
    except ValueError:
        return False
    return good and not re.search(r"\s", written)


def number_meant(written: str) -> str:
    """A number in E.164, or a SIP URI."""
    bare = _bare(written)
    candidates = [bare, f"+{bare.removeprefix('00')}"]
    if NORTH_AMERICAN.fullmatch(bare):
        candidates = [f"+1{bare}"]
    for candidate in candidates:
        good = len(candidate) > SHORTEST and (E164.fullmatch(candidate) or SIP.fullmatch(candidate))
        if good and candidate != written:
            return f"did you mean {candidate}?"
    return "write it like +12025550143, or sip:ada@example.com"


def pattern_meant(written: str) -> str:
    """A number or a SIP URI with a * in it."""
    candidate = _bare(written)
    if candidate != written and PATTERN.fullmatch(candidate):
        return f"did you mean {candidate}?"
    return "write one like +1202* or sip:*@example.com"


def duration_meant(written: str) -> str:
    """So many seconds, or with units."""
    bare = re.sub(r"\s", "", written[:100].lower()).replace(",", ".")
    for pattern, unit in ((r"hours?|hrs?", "h"), (r"minutes?|mins?", "m"), (r"seconds?|secs?", "s")):
        bare = re.sub(rf"(?<=\d)(?:{pattern})", unit, bare)
    candidate = re.sub(r"(\d+):([0-5]\d)", r"\1m\2s", bare)
    good = candidate != written and (DURATION.fullmatch(candidate) or MILLISECONDS.fullmatch(candidate))
    return f"did you mean {candidate}?" if candidate and good else "write seconds, or 2s, 500ms, 1m30s"


def code_meant(written: str) -> str:
    """A code of the catalogue."""
    digits = re.sub(r"[^0-9]", "", written)[:6]
    if errors.find(digits):
        return f"did you mean {digits}?"
    if len(digits) < 5:
        return "codes have five digits, like 10015 or 90018"
    known = sorted({row.code for row in errors.CATALOGUE}, key=lambda row: abs(int(row) - int(digits)))
    return f"near it are {', '.join(sorted(known[:5]))}"


def url_meant(written: str) -> str:
    """A URL."""
    whole = f"http://{written}"
    meant = "://" not in written and is_url(whole)
    return f"did you mean {whole}?" if meant else "write one like http://127.0.0.1:8088/webhooks"


def _bare(written: str) -> str:
    """A number without what people put between its digits, or a SIP URI that begins like one."""
    if "@" not in written:
        return re.sub(r"[\s().\-]|^tel:", "", written)
    address = re.sub(r"\s", "", written)
    return address if ":" in address else f"sip:{address}"
