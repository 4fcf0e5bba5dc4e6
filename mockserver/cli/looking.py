"""The commands that look into a simulator, or explain what the platform says: tail, diagnose, errors, verify."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from mockserver.cli.asking import control, local_url, stop, told
from mockserver.cli.options import control_options
from mockserver.sim.events import KINDS


@click.command()
@control_options
@click.option("--call", help="Only what is about this call_control_id.")
@click.option("--event", help="Only entries of this name, an event or a command; * stands for anything.")
@click.option("--kind", type=click.Choice(KINDS), help="Only entries of this kind.")
@click.option("--where", help="Only entries with these values: path=value, several parted by commas.")
@click.option("--since", type=click.IntRange(0), help="Begin behind this entry; 0 is the beginning.  [default: now]")
def tail(
    url: str | None, host: str, port: int, api_key: str | None, as_json: bool, since: int | None, **wanted: str | None
) -> None:
    """Follow what happens, an entry a line, until Ctrl-C; also while the simulator is started anew.

    \b
    telnyx-mockserver tail --kind command --where status=422
    telnyx-mockserver tail --event 'call.*' --since 0 --json
    """
    from urllib.parse import urlencode

    from mockserver.tail import follow, line

    where = url or local_url(host, port)
    names = {"call": "call_control_id", "event": "name", "kind": "kind", "where": "where"}
    query = {names[name]: value for name, value in wanted.items() if value is not None}
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    last = told("GET", f"{where}/_mock/events?{urlencode({**query, 'limit': 1})}", None, api_key)["meta"]["last_seq"]
    colour = sys.stdout.isatty()
    try:
        for entry in follow(where, last if since is None else since, query, headers):
            click.echo(json.dumps(entry) if as_json else line(entry, colour))
    except KeyboardInterrupt:
        return
    except OSError as error:
        stop(f"the simulator at {where} has gone: {error}", code=1)


@click.command()
@control_options
def diagnose(url: str | None, host: str, port: int, api_key: str | None, as_json: bool) -> None:
    """Say why nothing happens: exit code 0 if nothing is wrong, 1 if an error was found."""
    told = control("GET", f"{url or local_url(host, port)}/_mock/diagnose", None, api_key)
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        colours = {"error": "red", "warning": "yellow", "info": None}
        for each in told["findings"]:
            click.echo(f"{click.style(each['severity'], fg=colours[each['severity']])}: {each['what']}")
            click.echo(f"    seen: {each['seen']}\n    do:   {each['do']}")
        legs = ", ".join(f"{count} {state}" for state, count in told["legs"].items()) or "none"
        coming = ", ".join(f"{each['what']} in {each['in_secs']:g} s" for each in told["time"]["next"]) or "nothing"
        click.echo(f"calls: {legs}; clock: {told['time']['clock']}; next comes: {coming}")
    sys.exit(1 if any(each["severity"] == "error" for each in told["findings"]) else 0)


@click.command()
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print rows as JSON.")
def errors(code: str | None, as_json: bool) -> None:
    """Print the catalogue of refusals: what raises each, and how to get it from the simulator."""
    from mockserver.sim.errors import CATALOGUE, by_scenario, find

    rows = find(code) if code else list(CATALOGUE)
    if not rows:
        stop(f"no error has the code {code}; `telnyx-mockserver errors` lists all", code=1)
    if as_json:
        names = ("code", "status", "title", "detail", "pointer", "known", "raised_by", "reproduce")
        click.echo(json.dumps([{name: getattr(row, name) for name in names} for row in rows], indent=2))
        return
    if not code:
        for row in rows:
            click.echo(f"{row.code:<7} {row.status}  {row.title}")
        click.echo("\ntelnyx-mockserver errors CODE tells what raises one and how to reproduce it.")
        return
    for row in rows:
        click.secho(f"{row.code}  {row.title}  (HTTP {row.status})", bold=True)
        click.echo(f"  detail      {row.detail}")
        if row.pointer:
            click.echo(f"  pointer     {row.pointer}")
        click.echo(f"  raised by   {row.raised_by or 'not raised by what is simulated so far'}")
        click.echo(f"  reproduce   {row.reproduce or 'in a scenario: ' + by_scenario(row)}")
        click.echo(f"  known       {KNOWN[row.known]}")


KNOWN = {
    "wire": "word for word, from the published interface or a live answer",
    "text": "by its meaning, from the published catalogue; the words are ours",
    "guess": "not published: our choice",
}


@click.command()
@click.option("--public-key", envvar="TELNYX_PUBLIC_KEY", required=True, help="Base64 of 32 bytes.")
@click.option("--timestamp", required=True, help="The Telnyx-Timestamp header.")
@click.option("--signature", required=True, help="The Telnyx-Signature-Ed25519 header.")
@click.option("--body", required=True, type=click.File("rb"), help="A file with the raw body; - for standard input.")
@click.option("--tolerance", default=None, type=int, help="Seconds the timestamp may be off.  [default: not checked]")
def verify(public_key: str, timestamp: str, signature: str, body: Any, tolerance: int | None) -> None:
    """Check the signature of a webhook and say which check fails first: exit code 0 if none does, 1 else."""
    from mockserver.sim.clock import wall_timestamp
    from mockserver.webhooks.signing import check as check_signature

    now = None if tolerance is None else wall_timestamp()
    failure = check_signature(public_key, timestamp, signature, body.read(), now, tolerance or 0)
    if failure is not None:
        stop(str(failure), code=1)
    click.echo("the signature is good")
