"""How one would validate without further thought: openapi-core is asked about every request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from starlette.requests import Request
from starlette.responses import Response
from werkzeug.datastructures import Headers, ImmutableMultiDict

from benchmarks.processes import ROOT

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Asked:
    """A request in the form that openapi-core wants."""

    host_url: str
    path: str
    method: str
    body: bytes | None
    content_type: str
    parameters: RequestParameters


async def asked(request: Request) -> Asked:
    """A request of Starlette's."""
    return Asked(
        host_url="http://127.0.0.1:12111",
        path=request.url.path,
        method=request.method.lower(),
        body=await request.body(),
        content_type=request.headers.get("content-type", ""),
        parameters=RequestParameters(
            query=ImmutableMultiDict(request.query_params.multi_items()),
            header=Headers(list(request.headers.items())),
            cookie=ImmutableMultiDict(request.cookies),
        ),
    )


def validated() -> Callable[[Endpoint], Endpoint]:
    """A wrapper for endpoints; a request that is not valid raises, and so is answered with 500."""
    openapi = OpenAPI.from_file_path(str(ROOT / "specs" / "openapi.yaml"))

    def wrap(endpoint: Endpoint) -> Endpoint:
        async def checked(request: Request) -> Response:
            openapi.validate_request(await asked(request))
            return await endpoint(request)

        return checked

    return wrap
