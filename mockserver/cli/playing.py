"""The commands that play scenarios: check and run."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import click

from mockserver.cli.asking import stop
from mockserver.cli.options import config_of, load_file, option, scenario_file, seconds, world_options


@click.command()
@click.argument("files", nargs=-1, required=True)
def check(files: tuple[str, ...]) -> None:
    """Check scenario files: exit code 0 if all are valid, 3 if not, with every mistake's file and line."""
    from mockserver.scenario.load import InvalidScenario, load

    bad = False
    for name in files:
        path = scenario_file(name)
        try:
            scenario = load(path)
        except InvalidScenario as invalid:
            bad = True
            click.echo("\n".join(invalid.problems), err=True)
        else:
            click.echo(f"{path}: valid, {scenario.name}")
    if bad:
        sys.exit(3)


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("file")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@world_options
@option("--app", "app_url", help="URL of the running application's webhooks.")
@option("--timeout", default="30s", help="Real time that the whole run may take.")
@option("--real-address", is_flag=True, help="Lead the command's connections to api.telnyx.com here, as exec does.")
@click.option("--json", "as_json", is_flag=True, help="Print the result and everything that happened as JSON.")
def run(
    file: str,
    command: tuple[str, ...],
    app_url: str | None,
    timeout: str,
    real_address: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Play a scenario against an application, on the clock that skips, and draw what happened.

    The application runs already (--app URL), or is started by the command after `--`, with the SDK's environment
    variables set and PORT, where it must listen for webhooks at /webhooks.

    \b
    telnyx-mockserver run join_ai_conversation --app http://127.0.0.1:8088/webhooks
    telnyx-mockserver run join_ai_conversation -- python my_app.py

    Exit codes: 0 all expectations held, 1 one did not, 2 wrong usage, 3 the file is not valid, 4 the application
    cannot be reached.
    """
    from mockserver.runner import Unreachable, play

    if not app_url and not command:
        raise click.UsageError("say where the application is with --app URL, or how to start it after --")
    if real_address and not command:
        raise click.UsageError("--real-address needs a command after --: what runs already cannot be led elsewhere")
    scenario = load_file(scenario_file(file))
    config = config_of(options).on(clock="auto", one_world=True)
    colour = sys.stdout.isatty()
    try:
        result = asyncio.run(play(scenario, config, app_url, command, dict(os.environ), seconds(timeout), real_address))
    except Unreachable as error:
        stop(str(error), code=4)
    except OSError as error:
        stop(f"cannot listen on {error.filename}: {error.strerror}. Choose another port.", code=2)
    click.echo(json.dumps(result.as_json(), indent=2, ensure_ascii=False) if as_json else result.text(colour))
    sys.exit(0 if result.held else 1)
