"""Asking a simulator that runs, and ending with a word on what is wrong."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

import click

NO_SIMULATOR = (OSError, ValueError, LookupError, TypeError)
"""What asking a simulator raises where nobody, or somebody else, answers."""


def local_url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def control(method: str, url: str, body: dict[str, Any] | None, api_key: str | None) -> Any:
    """`data` of what the control interface answers."""
    answer = told(method, url, body, api_key)
    if "data" not in answer:
        stop(f"no simulator at {url}: something else answers. Start one with: telnyx-mockserver serve", code=1)
    return answer["data"]


def told(method: str, url: str, body: dict[str, Any] | None, api_key: str | None) -> Any:
    """Ask the control interface; says what was wrong and ends with 1 if it refuses."""
    from urllib.error import HTTPError

    try:
        try:
            return ask(method, url, body, api_key)
        except HTTPError as error:
            problems = json.loads(error.read())["errors"]
            stop("\n".join(f"{each['code']} {each['title']}: {each['detail']}" for each in problems), code=1)
    except NO_SIMULATOR as error:
        stop(f"no simulator at {url}: {error}. Start one with: telnyx-mockserver serve", code=1)


def ask(
    method: str, url: str, body: dict[str, Any] | None = None, api_key: str | None = None, timeout: float = 10.0
) -> Any:
    from http.client import HTTPException
    from urllib.request import ProxyHandler, Request, build_opener

    headers = {"Content-Type": "application/json"}
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, headers, method=method)
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=timeout) as response:
            return json.load(response)
    except HTTPException as error:
        raise OSError(f"not HTTP: {error}") from None


def stop(text: str, code: int = 2) -> NoReturn:
    click.secho(text, err=True, fg="red" if sys.stderr.isatty() else None)
    sys.exit(code)
