"""Posts webhooks over HTTP with aiohttp, which is imported when the first one is posted.

Redirects are not followed and no proxy of the environment is used. Certificates are verified, except on
loopback, where private ones are the rule.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import ssl
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import CODES, Answer

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from aiohttp.abc import AbstractResolver

MOST_BODY = 64 * 1024
"""How much of an answer's body is read, in bytes; it is dropped. Beyond it the connection is dropped too."""

BODY_SECS = 0.25
"""How long an answer's body is waited for: the status is all that counts, the rest only lets the connection
be kept."""

KEEP_ALIVE_SECS = 1.0
"""How long an idle connection is kept: less than servers do (gunicorn 2 s, uvicorn and Node 5 s), because a
request sent at the moment in which the server closes is lost."""

_EXPIRED = 10
_NAME_MISMATCHES = (62, 64)
_UNTRUSTED = (18, 19, 20, 21)
"""X509_V_ERR_* of OpenSSL: expired; host name, IP address; self-signed, in the chain, no issuer, one
certificate."""


def is_loopback(host: str) -> bool:
    """Is it this machine: `localhost` and names under it, 127.0.0.0/8, ::1?"""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HttpPost:
    """The `post` of a `Sender` that uses the network. `trusts_any` says on which hosts any certificate will
    do."""

    def __init__(self, trusts_any: Callable[[str], bool] = is_loopback) -> None:
        self._trusts_any = trusts_any
        self._session: ClientSession | None = None

    async def __call__(self, request: Outgoing) -> Answer:
        session = self._session or self._open()
        try:
            verified = not self._takes_any_certificate(request.url)
            response = await session.request(
                request.method,
                request.url,
                data=request.body or None,
                headers=request.headers,
                allow_redirects=False,
                ssl=verified,
            )
        except Exception as error:
            return explain(error)
        location = response.headers.get("Location") if 300 <= response.status < 400 else None
        await _drop_body(response)
        return Answer(response.status, location=location)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _takes_any_certificate(self, url: str) -> bool:
        return url.startswith("https:") and self._trusts_any(urlsplit(url).hostname or "")

    def _open(self) -> ClientSession:
        self._session = new_session()
        return self._session


def new_session() -> ClientSession:
    """A client that leaves limits and timeouts to its user, knows no proxy, and remembers no cookies."""
    from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

    connector = TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECS, resolver=_resolver())
    return ClientSession(
        connector=connector,
        timeout=ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
        cookie_jar=DummyCookieJar(),
        skip_auto_headers=("Accept-Encoding",),
        auto_decompress=False,
        trust_env=False,
    )


async def _drop_body(response: ClientResponse) -> None:
    """Read what is left of an answer so that its connection can be used again; if it is long or slow, drop
    both."""
    try:
        if not response.content.at_eof():
            async with asyncio.timeout(BODY_SECS):
                left = MOST_BODY
                while left > 0 and (chunk := await response.content.readany()):
                    left -= len(chunk)
    except Exception:  # a broken body changes nothing: the application has answered
        response.close()
    if response.content.at_eof():
        response.release()
    else:
        response.close()


def explain(error: Exception) -> Answer:
    """An exception of the client as an answer without a status: a code of the platform, and a reason to act
    on."""
    import aiohttp

    match error:
        case aiohttp.ClientConnectorDNSError():
            return Answer(None, "75001", f"the name {error.host} cannot be resolved")
        case aiohttp.ClientConnectorCertificateError():
            return _certificate(error.certificate_error)
        case aiohttp.ClientSSLError():
            reason = f"TLS with {error.host}:{error.port} failed: {error.os_error.strerror or error.os_error}"
            return Answer(None, "75003", f"{reason}; does it speak https at all?")
        case aiohttp.ClientConnectorError():
            where = f"{error.host}:{error.port}"
            if error.os_error.errno == errno.ECONNREFUSED:
                return Answer(None, "75002", f"nothing listens at {where} (connection refused)")
            return Answer(None, "75002", f"cannot connect to {where}: {error.os_error.strerror or error.os_error}")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():  # whose texts may quote a password
            return Answer(None, "75000", "the webhook URL is not a valid http or https URL")
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return Answer(None, "75000", "the application closed the connection without an answer")
        case _:
            return Answer(None, "75000", f"{type(error).__name__}: {error}")


def _certificate(error: Exception) -> Answer:
    verify_code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    detail = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error)
    if verify_code == _EXPIRED:
        code = "75004"
    elif verify_code in _NAME_MISMATCHES:
        code = "75005"
    else:
        code = "75006" if verify_code in _UNTRUSTED else "75003"
    return Answer(None, code, f"{CODES[code]}: {detail}")


def _resolver() -> AbstractResolver:
    """Resolves names without the event loop's pool of threads, which a few names that nobody answers for
    would fill.

    `localhost` needs no asking. Each other name has a thread of its own, which ends by itself: nothing waits
    for it.
    """
    from aiohttp.abc import AbstractResolver, ResolveResult

    class Resolver(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            if is_loopback(host):
                found = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
            else:
                found = await look_up(host, family)
            return [
                ResolveResult(hostname=host, host=ip, port=port, family=of, proto=0, flags=socket.AI_NUMERICHOST)
                for of, ip in found
            ]

        async def close(self) -> None:
            pass

    return Resolver()


async def look_up(host: str, family: int) -> list[tuple[socket.AddressFamily, str]]:
    """The addresses of a name, asked for in a thread of its own. Raises OSError."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[list[tuple[socket.AddressFamily, str]]] = loop.create_future()

    def finish(value: list[tuple[socket.AddressFamily, str]] | OSError) -> None:
        if result.done():
            return
        if isinstance(value, OSError):
            result.set_exception(value)
        else:
            result.set_result(value)

    def ask() -> None:
        value: Any
        try:
            answers = socket.getaddrinfo(host, None, family, socket.SOCK_STREAM)
            value = [(of, str(address[0])) for of, _, _, _, address in answers]
        except OSError as error:
            value = error
        except UnicodeError as error:  # a label that is empty or too long
            value = OSError(str(error))
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish, value)

    Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    return await result
