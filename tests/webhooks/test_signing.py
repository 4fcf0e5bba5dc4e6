"""Signatures: what is signed, and what `check` says of the ones that do not fit."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import pytest
from nacl.signing import SigningKey, VerifyKey

from mockserver.webhooks.signing import (
    CHECKS,
    DEFAULT_PUBLIC_KEY,
    DEFAULT_SEED,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    Failure,
    Signer,
    check,
)

BODY = b'{"data":{"id":"1","text":"\xc3\xa9"},"meta":{"attempt":1}}'
NOW = 1_767_225_600
OTHER = Signer(b"another seed of thirty-two bytes")


def signature_of(body: bytes, signer: Signer = OTHER, timestamp: int = NOW) -> str:
    return signer.headers(timestamp, body)[SIGNATURE_HEADER]


def checked(body: bytes, signature: str, key: str = OTHER.public_key, timestamp: str = str(NOW)) -> Failure:
    failure = check(key, timestamp, signature, body, now=NOW)
    assert failure is not None
    assert failure.check in CHECKS
    return failure


def test_the_signature_is_over_timestamp_bar_body() -> None:
    headers = Signer.from_text().headers(NOW, BODY)
    assert headers[TIMESTAMP_HEADER] == "1767225600"
    signature = base64.b64decode(headers[SIGNATURE_HEADER])
    VerifyKey(base64.b64decode(DEFAULT_PUBLIC_KEY)).verify(b"1767225600|" + BODY, signature)
    assert len(headers[SIGNATURE_HEADER]) == 88


def test_the_public_key_of_the_default_seed_never_changes() -> None:
    assert Signer.from_text().public_key == DEFAULT_PUBLIC_KEY == "mW78UZGIDeXVPZcxrm2jtSqhe/2i20n2SDQrIhl59lY="


def test_a_seed_may_be_base64_or_hex() -> None:
    raw = base64.b64decode(DEFAULT_SEED)
    assert Signer.from_text(DEFAULT_SEED) == Signer.from_text(raw.hex()) == Signer.from_text(f" {raw.hex().upper()}\n")
    assert Signer(raw).public_key == base64.b64encode(bytes(SigningKey(raw).verify_key)).decode()


@pytest.mark.parametrize(
    ("seed", "seen"), [("", "base64 of 0 bytes"), ("c2hvcnQ=", "base64 of 5 bytes"), ("no seed!", "something else")]
)
def test_a_bad_seed_says_what_it_should_be(seed: str, seen: str) -> None:
    with pytest.raises(ValueError, match=f"seed is {seen}: give 32 bytes in base64"):
        Signer.from_text(seed)


def test_a_seed_is_not_shown() -> None:
    assert repr(Signer.from_text()) == "Signer()"


def test_what_is_signed_is_valid() -> None:
    assert check(OTHER.public_key, str(NOW), signature_of(BODY), BODY, now=NOW + 300) is None
    assert check(OTHER.public_key, str(NOW), signature_of(BODY), BODY) is None


KEY = OTHER.public_key
GOOD = signature_of(BODY)


@pytest.mark.parametrize(
    ("key", "timestamp", "signature", "says"),
    [
        ("*", "x", "*", "public key: '*' is not base64 (the platform shows it as 44 characters of base64)"),
        ("c2hvcnQ=", "x", "*", "public key: 5 bytes, not 32 (the platform shows it as 44 characters of base64)"),
        (
            base64.b64decode(KEY).hex(),
            "x",
            "*",
            "public key: it is in hex, not in base64 (the platform shows it as 44 characters of base64)",
        ),
        (KEY, "1_0", "*", "timestamp: '1_0' is not an integer (it is Unix time in seconds)"),
        (KEY, str(NOW - 301), "*", f"tolerance: {NOW - 301} is 301 s in the past, more than 300 s"),
        (KEY, str(NOW + 301), "*", f"tolerance: {NOW + 301} is 301 s in the future, more than 300 s"),
        (
            KEY,
            str(NOW * 1000),
            "*",
            f"tolerance: {NOW * 1000} is {NOW * 999} s in the future, more than 300 s "
            "(it is in milliseconds: the header is in seconds)",
        ),
        (KEY, str(NOW), "*", "signature encoding: '*' is not base64"),
        (
            KEY,
            str(NOW),
            "c2hvcnQ=",
            "signature length: 5 bytes, not 64 (an HMAC has 32: the platform signs with Ed25519)",
        ),
        (KEY, str(NOW + 1), GOOD, f"signature: it does not fit these {len(BODY)} bytes"),
    ],
)
def test_the_first_check_that_fails_is_named(key: str, timestamp: str, signature: str, says: str) -> None:
    assert str(checked(BODY, signature, key, timestamp)) == says


RESERIALISED = "signed bytes differ from re-serialised JSON: verify the raw body, before anything parses it"


@pytest.mark.parametrize(
    ("seen", "hint"),
    [
        (BODY + b"\n", "the body file ends with a newline that was not signed"),
        (BODY + b"\r\n", "the body file ends with a newline that was not signed"),
        (b"\xef\xbb\xbf" + BODY, "the body file begins with a byte order mark"),
        (json.dumps(json.loads(BODY)).encode(), RESERIALISED),
        (json.dumps(json.loads(BODY), indent=2).encode(), RESERIALISED),
        (BODY.replace(b'"1"', b'"2"'), None),
        (b"not JSON", None),
    ],
)
def test_what_happened_to_the_body_is_found_out(seen: bytes, hint: str | None) -> None:
    assert checked(seen, GOOD).hint == hint


def test_a_newline_that_was_cut_off_is_found_out() -> None:
    assert checked(BODY, signature_of(BODY + b"\n")).hint == "a newline at the end of the signed body was cut off"


def test_changed_line_ends_are_found_out() -> None:
    assert checked(b"a\r\nb", signature_of(b"a\nb")).hint == "the line ends of the body were changed"


def test_the_wrong_one_of_two_keys_is_found_out() -> None:
    hint = checked(BODY, signature_of(BODY, Signer.from_text())).hint
    assert hint == f"it was signed with the default key of telnyx-mockserver: verify with {DEFAULT_PUBLIC_KEY}"


def test_importing_the_package_imports_neither_nacl_nor_aiohttp() -> None:
    code = (
        "import sys, mockserver.webhooks.sender, mockserver.webhooks.post\n"
        "print([name for name in ('nacl', 'aiohttp') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_default_public_key_is_that_of_the_default_seed() -> None:
    key = SigningKey(base64.b64decode(DEFAULT_SEED))
    assert base64.b64encode(bytes(key.verify_key)).decode() == DEFAULT_PUBLIC_KEY
