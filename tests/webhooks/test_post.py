"""Real sockets: what arrives at an application, and what becomes of one that does not behave."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telnyx import Telnyx

from mockserver.sim.clock import wall_timestamp
from mockserver.sim.events import Entry, Log, Route
from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import Answer, DeliverySettings
from mockserver.webhooks.post import HttpPost, explain, is_loopback, look_up
from mockserver.webhooks.sender import Sender
from mockserver.webhooks.signing import DEFAULT_PUBLIC_KEY, Signer

pytestmark = pytest.mark.anyio

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def application(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """An application that listens on a port of its own; the value is its URL, by the name of localhost."""
    runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"{'https' if tls else 'http'}://localhost:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def posting(trusts_any: Callable[[str], bool] = is_loopback) -> AsyncIterator[HttpPost]:
    post = HttpPost(trusts_any)
    try:
        yield post
    finally:
        await post.close()


async def delivered(url: str, **route: Any) -> Entry:
    """What the log says of the last attempt to deliver one event there; retries come at once."""
    log = Log()
    data = {"event_type": "call.answered", "id": "1", "payload": {"from": "zoë"}, "record_type": "event"}
    async with posting() as post:
        sender = Sender(
            log,
            Signer.from_text(),
            DeliverySettings(retry_delays_secs=(0.0,)),
            post,
            sleep=asyncio.sleep,
            hold=lambda _: nullcontext(),
            now=lambda: 0,
            now_wall=wall_timestamp,
        )
        sender.start()
        log.append(0, "webhook", "call.answered", "leg", data, Route(url=url, **route))
        await sender.idle()
        await sender.close()
    return log.entries[-1]


def request_to(url: str) -> Outgoing:
    return Outgoing("POST", url, {"Content-Type": "application/json"}, b"{}", 2.0)


@pytest.fixture(scope="module")
def private_tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server context with a certificate for localhost that nobody has signed."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", "/CN=localhost", "-days", "2", "-keyout", "key.pem", "-out", "cert.pem"),
    ]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("makes a certificate with the openssl command, which is not installed")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(Path(folder, "cert.pem"), Path(folder, "key.pem"))
    return context


async def test_the_official_sdk_accepts_what_arrives() -> None:
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        seen.append((request.method, dict(request.headers), await request.read()))
        return web.Response()

    async with application(handler) as url:
        entry = await delivered(f"{url}/hooks")
    assert (entry.data["outcome"], entry.data["status"], entry.data["attempt"]) == ("delivered", 200, 1)
    ((method, headers, body),) = seen
    assert (method, headers["User-Agent"], headers["Content-Type"]) == ("POST", "telnyx-webhooks", "application/json")
    client = Telnyx(api_key="KEY", public_key=DEFAULT_PUBLIC_KEY)
    client.webhooks.unwrap(body.decode(), headers=headers)
    with pytest.raises(ValueError, match="does not match"):
        client.webhooks.unwrap(body.decode() + " ", headers=headers)


async def test_a_get_has_its_event_in_the_query() -> None:
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        seen.append((request.method, dict(request.query), await request.read()))
        return web.Response()

    async with application(handler) as url:
        await delivered(f"{url}/hooks?a=%2B1", method="GET")
    assert seen == [("GET", {"a": "+1", "event_type": "call.answered", "id": "1", "from": "zoë"}, b"")]


async def test_a_redirect_is_not_followed_and_not_silent() -> None:
    paths: list[str] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        paths.append(request.path)
        return web.Response(status=308, headers={"Location": "/hooks/"})

    async with application(handler) as url:
        entry = await delivered(f"{url}/hooks")
    assert paths == ["/hooks"]
    assert (entry.data["outcome"], entry.data["code"], entry.data["status"]) == ("failed", "75300", 308)
    assert entry.data["reason"].startswith("answered 308 Permanent Redirect to /hooks/: redirects are not followed")


async def test_a_5xx_goes_to_the_failover_url() -> None:
    paths: list[str] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        paths.append(request.path)
        return web.Response(status=204 if request.path == "/spare" else 502)

    async with application(handler) as url:
        entry = await delivered(f"{url}/hooks", failover_url=f"{url}/spare")
    assert paths == ["/hooks", "/hooks", "/spare"]
    assert (entry.data["outcome"], entry.data["attempt"], entry.data["code"]) == ("delivered", 3, "75299")


async def test_a_slow_application_is_given_up_at_its_deadline() -> None:
    async def handler(_: web.BaseRequest) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with application(handler) as url:
        entry = await delivered(url, timeout_secs=0.05)
    assert (entry.data["outcome"], entry.data["reason"]) == ("failed", "no answer within 0.05 s")


async def test_a_port_where_nobody_listens_is_refused(unused_tcp_port: int) -> None:
    entry = await delivered(f"http://me:secret@localhost:{unused_tcp_port}/hooks")
    assert (entry.data["outcome"], entry.data["code"], entry.data["attempt"]) == ("failed", "75002", 2)
    assert entry.data["reason"] == f"nothing listens at localhost:{unused_tcp_port} (connection refused)"
    assert entry.data["url"] == f"http://localhost:{unused_tcp_port}/hooks"


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_connection_that_is_closed_without_an_answer_is_said() -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with application(handler) as url:
        entry = await delivered(url)
    assert entry.data["reason"] == "the application closed the connection without an answer"


@pytest.mark.parametrize("url", ["ftp://localhost/", "nonsense", "http://", "http://localhost:99999/", "https://[::1/"])
async def test_a_url_that_cannot_be_posted_to_is_a_failed_delivery(url: str) -> None:
    entry = await delivered(url)
    assert (entry.data["outcome"], entry.data["code"]) == ("failed", "75000")
    assert entry.data["reason"] == "the webhook URL is not a valid http or https URL"


async def test_a_name_that_does_not_resolve_is_said() -> None:
    entry = await delivered("http://no-such-host.invalid/")
    assert (entry.data["code"], entry.data["reason"]) == (
        "75001",
        "the name no-such-host.invalid cannot be resolved",
    )
    entry = await delivered("http://.empty-label./")
    assert entry.data["outcome"] == "failed"


async def test_other_names_are_asked_for_outside_the_event_loop() -> None:
    assert (socket.AF_INET, "127.0.0.1") in await look_up("localhost", socket.AF_INET)
    with pytest.raises(OSError, match="label"):
        await look_up(".empty-label.", socket.AF_INET)


async def test_an_endless_body_does_not_delay_the_answer() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        if request.path == "/long":
            for _ in range(10):
                await response.write(b"x" * 65536)
        if request.path == "/broken":
            await response.write(b"x")
            assert request.transport is not None
            request.transport.abort()
            return response
        await asyncio.sleep(30)
        return response

    async with application(handler) as url, posting() as post:
        started = time.monotonic()
        for path in ("/slow", "/long", "/broken"):
            assert await post(request_to(url + path)) == Answer(200)
        assert time.monotonic() - started < 5


async def test_a_connection_is_used_again() -> None:
    peers: set[Any] = set()

    async def handler(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(body=b"x" * 5000)

    async with application(handler) as url, posting() as post:
        for _ in range(5):
            assert await post(request_to(url)) == Answer(200)
    assert len(peers) == 1


async def test_a_private_certificate_is_accepted_on_loopback(private_tls: ssl.SSLContext) -> None:
    async def handler(_: web.BaseRequest) -> web.Response:
        return web.Response()

    async with application(handler, private_tls) as url:
        entry = await delivered(url)
    assert entry.data["outcome"] == "delivered"


async def test_a_private_certificate_is_refused_elsewhere(private_tls: ssl.SSLContext) -> None:
    async def handler(_: web.BaseRequest) -> web.Response:
        return web.Response()

    async with application(handler, private_tls) as url, posting(lambda _: False) as post:
        answer = await post(request_to(url))
    assert (answer.status, answer.code) == (None, "75006")
    assert answer.reason == "the certificate is not from a trusted root: self-signed certificate"


async def test_https_to_an_application_that_speaks_http_is_said() -> None:
    async def handler(_: web.BaseRequest) -> web.Response:
        return web.Response()

    async with application(handler) as url:
        entry = await delivered(url.replace("http:", "https:"))
    assert entry.data["code"] == "75003"
    assert entry.data["reason"].endswith("does it speak https at all?")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("app.localhost", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_what_loopback_is(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("verify_code", "code"), [(10, "75004"), (62, "75005"), (64, "75005"), (20, "75006"), (23, "75003")]
)
def test_certificate_errors_have_their_codes(verify_code: int, code: str) -> None:
    error = ssl.SSLCertVerificationError("no")
    error.verify_code, error.verify_message = verify_code, "why"
    answer = explain(aiohttp.ClientConnectorCertificateError(a_key(), error))
    assert (answer.code, (answer.reason or "").rpartition(": ")[2]) == (code, "why")


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (
            aiohttp.ClientConnectorError(SimpleNamespace(host="app", port=80, ssl=True), OSError(113, "No route")),  # type: ignore[arg-type]
            Answer(None, "75002", "cannot connect to app:80: No route"),
        ),
        (RuntimeError("odd"), Answer(None, "75000", "RuntimeError: odd")),
        (
            ConnectionResetError(),
            Answer(None, "75000", "the application closed the connection without an answer"),
        ),
    ],
)
def test_other_errors_are_explained(error: Exception, answer: Answer) -> None:
    assert explain(error) == answer


def a_key() -> Any:
    return SimpleNamespace(host="app", port=443, ssl=True)
