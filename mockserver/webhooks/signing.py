"""Ed25519 signatures of webhooks: made, and explained when they do not fit.

The platform signs the bytes `timestamp|body` with a key pair per account. nacl is imported when first used.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nacl.signing import SigningKey

DEFAULT_SEED = "dGVsbnl4LW1vY2tzZXJ2ZXI6IG5vdCBhIHNlY3JldCE="
"""The seed used when none is given: base64 of `telnyx-mockserver: not a secret!`."""

DEFAULT_PUBLIC_KEY = "mW78UZGIDeXVPZcxrm2jtSqhe/2i20n2SDQrIhl59lY="
"""The public key of `DEFAULT_SEED`; it never changes, so an application may have it in its test
configuration."""

SIGNATURE_HEADER = "Telnyx-Signature-Ed25519"
TIMESTAMP_HEADER = "Telnyx-Timestamp"

TOLERANCE_SECS = 300
"""How far the timestamp may be from now: what the official SDKs allow."""


@dataclass(frozen=True)
class Signer:
    """Signs webhooks with the key that belongs to a seed of 32 bytes."""

    seed: bytes = field(repr=False)

    @classmethod
    def from_text(cls, seed: str = DEFAULT_SEED) -> Signer:
        """A signer from 32 bytes written in base64 (44 characters) or hex (64). Raises ValueError
        otherwise."""
        text = seed.strip()
        raw = bytes.fromhex(text) if re.fullmatch(r"[0-9a-fA-F]{64}", text) else _from_base64(text)
        if raw is None or len(raw) != 32:
            seen = "something else" if raw is None else f"base64 of {len(raw)} bytes"
            raise ValueError(f"the signing seed is {seen}: give 32 bytes in base64 (44 characters) or hex (64)")
        return cls(raw)

    @cached_property
    def public_key(self) -> str:
        """Base64 of the 32 bytes that verify what this signer signs."""
        if self.seed == _from_base64(DEFAULT_SEED):
            return DEFAULT_PUBLIC_KEY  # known, so that a server starts without its library
        return base64.b64encode(bytes(self._key.verify_key)).decode()

    def headers(self, timestamp: int, body: bytes) -> dict[str, str]:
        """The two headers that sign `body`; `timestamp` is Unix seconds by the wall clock."""
        signature = self._key.sign(b"%d|%b" % (timestamp, body)).signature
        return {
            SIGNATURE_HEADER: binascii.b2a_base64(signature, newline=False).decode(),
            TIMESTAMP_HEADER: str(timestamp),
        }

    @cached_property
    def _key(self) -> SigningKey:
        from nacl.signing import SigningKey

        return SigningKey(self.seed)


@dataclass(frozen=True, slots=True)
class Failure:
    """The first check that a signature failed: its name in `CHECKS`, what was seen, and what to do if that is
    known."""

    check: str
    reason: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.check}: {self.reason}" + (f" ({self.hint})" if self.hint else "")


CHECKS = ("public key", "timestamp", "tolerance", "signature encoding", "signature length", "signature")
"""The checks in the order in which they are made."""


def check(
    public_key: str,
    timestamp: str,
    signature: str,
    body: bytes,
    now: int | None = None,
    tolerance: int = TOLERANCE_SECS,
) -> Failure | None:
    """The first check of a signature that fails, or None if it is valid.

    The texts are the two headers as they came. Without `now` (Unix seconds) the age is not checked.
    """
    key = _from_base64(public_key)
    if key is None or len(key) != 32:
        return Failure("public key", _not_a_key(public_key, key), "the platform shows it as 44 characters of base64")
    if not re.fullmatch(r"-?[0-9]+", timestamp):
        return Failure("timestamp", f"{timestamp!r} is not an integer", "it is Unix time in seconds")
    if now is not None and abs(now - int(timestamp)) > tolerance:
        return _out_of_tolerance(int(timestamp), now, tolerance)
    raw = _from_base64(signature)
    if raw is None:
        return Failure("signature encoding", f"{signature!r} is not base64")
    if len(raw) != 64:
        return Failure(
            "signature length", f"{len(raw)} bytes, not 64", "an HMAC has 32: the platform signs with Ed25519"
        )
    if _verifies(key, timestamp, raw, body):
        return None
    return Failure("signature", f"it does not fit these {len(body)} bytes", _hint(key, timestamp, raw, body))


def _not_a_key(text: str, key: bytes | None) -> str:
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return "it is in hex, not in base64"
    return f"{text!r} is not base64" if key is None else f"{len(key)} bytes, not 32"


def _out_of_tolerance(timestamp: int, now: int, tolerance: int) -> Failure:
    away = f"{abs(now - timestamp)} s {'in the past' if timestamp < now else 'in the future'}"
    in_millis = abs(now - timestamp // 1000) <= tolerance
    hint = "it is in milliseconds: the header is in seconds" if in_millis else None
    return Failure("tolerance", f"{timestamp} is {away}, more than {tolerance} s", hint)


def _verifies(key: bytes, timestamp: str, signature: bytes, body: bytes) -> bool:
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    try:
        VerifyKey(key).verify(timestamp.encode() + b"|" + body, signature)
    except BadSignatureError:
        return False
    return True


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


# What usually happened to the bytes on their way to whoever verifies them, the likeliest first.
_MISHAPS: tuple[tuple[Callable[[bytes], Iterator[bytes]], str], ...] = (
    (
        lambda body: (body.removesuffix(end) for end in (b"\n", b"\r\n")),
        "the body file ends with a newline that was not signed",
    ),
    (
        lambda body: (body + end for end in (b"\n", b"\r\n")),
        "a newline at the end of the signed body was cut off",
    ),
    (lambda body: iter([body.removeprefix(b"\xef\xbb\xbf")]), "the body file begins with a byte order mark"),
    (lambda body: iter([body.replace(b"\r\n", b"\n")]), "the line ends of the body were changed"),
    (
        lambda body: _serialisations(body),
        "signed bytes differ from re-serialised JSON: verify the raw body, before anything parses it",
    ),
)


def _hint(key: bytes, timestamp: str, signature: bytes, body: bytes) -> str | None:
    """What was done to the body, found by undoing it; or that it is another key's signature."""
    for undo, sentence in _MISHAPS:
        if any(_verifies(key, timestamp, signature, candidate) for candidate in undo(body)):
            return sentence
    if _verifies(base64.b64decode(DEFAULT_PUBLIC_KEY), timestamp, signature, body):
        return f"it was signed with the default key of telnyx-mockserver: verify with {DEFAULT_PUBLIC_KEY}"
    return None


def _serialisations(body: bytes) -> Iterator[bytes]:
    """The same JSON written in the ways that libraries write it."""
    try:
        value = json.loads(body)
    except ValueError:
        return
    for separators in ((",", ":"), (", ", ": ")):
        for ensure_ascii in (False, True):
            for sort_keys in (False, True):
                text = json.dumps(value, separators=separators, ensure_ascii=ensure_ascii, sort_keys=sort_keys)
                yield text.encode("utf-8", "surrogatepass")
