"""The commands that let people act: call, press, say, silence, hold, unhold, hangup."""

from __future__ import annotations

import json
from typing import Any

import click

from mockserver.cli.asking import control, local_url
from mockserver.cli.options import control_options


@click.command()
@control_options
@click.option("--from", "from_", required=True, help="Who calls: a number or a SIP URI.")
@click.option("--to", required=True, help="Which of the application's numbers.")
@click.option("--connection-id", help="The application that is called.")
@click.option("--webhook-url", help="Where this call's webhooks go.")
@click.option("--ring", type=float, help="Seconds until the caller gives up.")
@click.option("--say", multiple=True, help="What the caller says in a conversation; repeat.")
@click.option("--hang-up-after", type=float, help="Seconds after the answer.")
def call(url: str | None, host: str, port: int, api_key: str | None, as_json: bool, **options: Any) -> None:
    """Let somebody call the application."""
    wanted = {
        "from": options["from_"],
        "to": options["to"],
        "connection_id": options["connection_id"],
        "webhook_url": options["webhook_url"],
        "ring_secs": options["ring"],
        "says": list(options["say"]) or None,
        "hangup_after_secs": options["hang_up_after"],
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    placed = control("POST", f"{url or local_url(host, port)}/_mock/calls", body, api_key)
    click.echo(json.dumps(placed) if as_json else placed["call_control_id"])


@click.command()
@control_options
@click.argument("call_control_id")
@click.argument("digits")
def press(call_control_id: str, digits: str, **where: Any) -> None:
    """Let the person press keys: 0-9 * # A-D, with w and W for pauses of 0.5 and 1 s.

    \b
    telnyx-mockserver press v3:... '4711#'
    """
    _act(call_control_id, "press", {"digits": digits}, **where)


@click.command()
@control_options
@click.argument("call_control_id")
@click.argument("text")
def say(call_control_id: str, text: str, **where: Any) -> None:
    """Let the person say something; an assistant that listens replies."""
    _act(call_control_id, "say", {"text": text}, **where)


@click.command()
@control_options
@click.argument("call_control_id")
def silence(call_control_id: str, **where: Any) -> None:
    """Let the person go silent: they say nothing more by themselves, and stay on the line."""
    _act(call_control_id, "silence", {}, **where)


@click.command()
@control_options
@click.argument("call_control_id")
def hold(call_control_id: str, **where: Any) -> None:
    """Let the person put the call on hold: what they say and press is not heard until `unhold`."""
    _act(call_control_id, "hold", {}, **where)


@click.command()
@control_options
@click.argument("call_control_id")
def unhold(call_control_id: str, **where: Any) -> None:
    """Let the person take back a call that they have put on hold."""
    _act(call_control_id, "unhold", {}, **where)


@click.command()
@control_options
@click.argument("call_control_id")
@click.option("--cause", type=click.Choice(["busy", "decline", "no_answer", "normal"]), help="Before an answer.")
def hangup(call_control_id: str, cause: str | None, **where: Any) -> None:
    """Let the person hang up, or not take the call."""
    _act(call_control_id, "hangup", {"cause": cause} if cause else {}, **where)


def _act(
    call_control_id: str,
    what: str,
    body: dict[str, Any],
    url: str | None,
    host: str,
    port: int,
    api_key: str | None,
    as_json: bool,
) -> None:
    """Let the person at the other end of a leg do something; prints the state of the leg."""
    from urllib.parse import quote

    path = f"/_mock/calls/{quote(call_control_id, safe=':')}/{what}"
    leg = control("POST", (url or local_url(host, port)) + path, body, api_key)
    click.echo(json.dumps(leg) if as_json else leg["state"])
