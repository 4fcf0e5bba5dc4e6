"""The request of a webhook that suffers a fault: signed by somebody else, or long ago, or not as it is. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256

from mockserver.sim.faults import Fault
from mockserver.webhooks.payload import Outgoing, outgoing, to_json
from mockserver.webhooks.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, TOLERANCE_SECS, Signer

STALE_SECS = 2 * TOLERANCE_SECS
"""How old a stale signature is."""

Make = Callable[[Signer, int], Outgoing]
"""Makes the request with a signer and a timestamp."""


def spoilt(
    fault: Fault, signer: Signer, data: bytes, method: str, url: str, attempt: int, deadline_secs: float, timestamp: int
) -> Outgoing:
    """`payload.outgoing`, with what the fault does to it."""

    def make(by: Signer, at: int) -> Outgoing:
        return outgoing(by, data, method, url, attempt, deadline_secs, at)

    spoil = SPOILS.get(fault.delivery)
    return spoil(fault, make, signer, timestamp) if spoil else make(signer, timestamp)


def _by_another(fault: Fault, make: Make, signer: Signer, timestamp: int) -> Outgoing:
    return make(_forger(signer.seed), timestamp)


def _unsigned(fault: Fault, make: Make, signer: Signer, timestamp: int) -> Outgoing:
    request = make(signer, timestamp)
    signed = (SIGNATURE_HEADER, TIMESTAMP_HEADER)
    return replace(request, headers={name: value for name, value in request.headers.items() if name not in signed})


def _long_ago(fault: Fault, make: Make, signer: Signer, timestamp: int) -> Outgoing:
    return make(signer, timestamp - STALE_SECS)


def _changed(fault: Fault, make: Make, signer: Signer, timestamp: int) -> Outgoing:
    """Another body with the signature of the right one: the fault's own, else one field more. A GET has none."""
    request = make(signer, timestamp)
    if not request.body:
        return replace(request, url=f"{request.url}&changed=true")
    if fault.body is None:
        return replace(request, body=to_json({**json.loads(request.body), "changed": True}))
    return replace(request, body=fault.body.encode() if isinstance(fault.body, str) else to_json(fault.body))


def _rewritten(fault: Fault, make: Make, signer: Signer, timestamp: int) -> Outgoing:
    """The same JSON with spaces in it, as whoever parses a body and writes it anew may make of it. A GET has none."""
    request = make(signer, timestamp)
    if not request.body:
        return _changed(fault, make, signer, timestamp)
    return replace(request, body=json.dumps(json.loads(request.body)).encode())


SPOILS: Mapping[str, Callable[[Fault, Make, Signer, int], Outgoing]] = {
    "wrong_signature": _by_another,
    "no_signature": _unsigned,
    "stale_signature": _long_ago,
    "changed_body": _changed,
    "rewritten_body": _rewritten,
}


@lru_cache(maxsize=8)
def _forger(seed: bytes) -> Signer:
    """Somebody who has a key, but not the one of this seed."""
    return Signer(sha256(seed).digest())
