"""The references: a bare Starlette JSON endpoint, and the same that asks openapi-core about every request.

`python -m benchmarks.bare PORT` and `python -m benchmarks.bare PORT naive`.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

DIALLED = {
    "data": {
        "record_type": "call",
        "call_control_id": "v3:q8VMIQB5W71cSNE7iHM43RI14YVQXXkI1msUVGrdtHXWVUc5z4f4Qx",
        "call_leg_id": "9ac6932b-e5a4-11f1-a10f-02420ab1fbf4",
        "call_session_id": "9ac67f9e-e5a4-11f1-8ce9-02420ab1fbf4",
        "is_alive": False,
    }
}
DONE = {"data": {"result": "ok"}}

Endpoint = Callable[[Request], Awaitable[Response]]


async def health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def dial(request: Request) -> Response:
    await request.json()
    return JSONResponse(DIALLED)


async def act(request: Request) -> Response:
    await request.json()
    return JSONResponse(DONE)


def application(wrap: Callable[[Endpoint], Endpoint] = lambda endpoint: endpoint) -> Starlette:
    """The application with its two kinds of commands."""
    return Starlette(
        routes=[
            Route("/", health),
            Route("/v2/calls", wrap(dial), methods=["POST"]),
            Route("/v2/calls/{call_control_id}/actions/{name}", wrap(act), methods=["POST", "PUT"]),
        ]
    )


def serve(port: int, app: Starlette) -> None:
    """Serve on one process, as fast as the framework goes."""
    uvicorn.run(app, port=port, log_level="critical", access_log=False, loop="uvloop", http="httptools")


if __name__ == "__main__":
    if "naive" in sys.argv[2:]:
        from benchmarks.naive import validated

        serve(int(sys.argv[1]), application(validated()))
    else:
        serve(int(sys.argv[1]), application())
