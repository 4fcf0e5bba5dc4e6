"""The command that plays a scenario under everything that may befall webhooks: audit."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockserver.cli.asking import stop
from mockserver.cli.options import ThenCommand, config_of, load_scenarios, option, seconds, variables, world_options

if TYPE_CHECKING:
    from mockserver.audit.auditing import Audit, Result
    from mockserver.scenario.model import Scenario

report_file = click.Path(dir_okay=False, path_type=Path)

OWN_OUTPUT = 2
"""The file descriptor for what the application prints, so that it does not come between the rows of the table."""


@click.command(cls=ThenCommand)
@click.argument("file", metavar="SCENARIO")
@world_options
@variables
@option("--app", "app_url", help="URL of the running application's webhooks.")
@option("--timeout", default="30s", help="Real time that each play may take.")
@option("--real-address", is_flag=True, help="Lead the command's connections to api.telnyx.com here, as exec does.")
@click.option("--only", multiple=True, metavar="CHECK", help="Make this check alone, with --seed alone; repeat.")
@click.option("--junit", "junit_file", type=report_file, help="Write the results as JUnit XML.")
@click.option("--html", "html_file", type=report_file, help="Write the results as a page.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def audit(
    file: str,
    command: tuple[str, ...],
    app_url: str | None,
    timeout: str,
    real_address: bool,
    only: tuple[str, ...],
    junit_file: Path | None,
    html_file: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Play a scenario under duplicates, disorder and forgeries, and say whether the application stands them.

    SCENARIO is a file, FILE#row, or the name of a bundled one. It is played some fifteen times, each time with all that
    one check does to the webhooks, and the commands of the application are held against those of undisturbed plays.
    The application runs already (--app URL), or is started by the command after `--` with the SDK's environment
    variables set and PORT, where it must listen for webhooks at /webhooks.

    \b
    telnyx-mockserver audit transfer_to_agent --app http://127.0.0.1:8088/webhooks
    telnyx-mockserver audit transfer_to_agent --html audit.html -- python my_app.py
    telnyx-mockserver audit transfer_to_agent --only duplicates -- python my_app.py

    Exit codes: 0 all checks passed, 1 one failed, 2 wrong usage, 3 the file is not valid, 4 the application cannot be
    reached.
    """
    from mockserver.audit import files, report
    from mockserver.audit.checks import CHECKS

    if not app_url and not command:
        raise click.UsageError("say where the application is with --app URL, or how to start it after --")
    if real_address and not command:
        raise click.UsageError("--real-address needs a command after --: what runs already cannot be led elsewhere")
    for name in only:
        if name not in CHECKS:
            raise click.UsageError(f"--only: there is no check {name!r}{_meant(name, CHECKS)}")
    sets = options.pop("sets")
    [scenario] = load_scenarios([file], sets)
    config = config_of(options).on(clock="auto", one_world=True)
    again = _again(file, sets, app_url, command, real_address)
    colour = sys.stdout.isatty()

    def tell(result: Result) -> None:
        click.echo(report.line(result, again(result), colour and not as_json), err=as_json)

    limit = seconds(timeout)
    staged = (config, app_url, command, dict(os.environ), limit, real_address, OWN_OUTPUT)
    try:
        results, audited = asyncio.run(_audit(scenario, staged, config.seed, config.webhook_timeout, only, tell))
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
    if junit_file is not None:
        _write("--junit", junit_file, files.junit(results, scenario.name))
    if html_file is not None:
        _write("--html", html_file, files.page(results, audited.roster, scenario.name))
    if as_json:
        told = report.as_json(results, audited.roster, scenario.name)
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        click.echo(report.ending(results, audited.roster))
    sys.exit(1 if any(result.outcome == "failed" for result in results) else 0)


async def _audit(
    scenario: Scenario,
    staged: tuple[Any, ...],
    seed: int,
    patience_secs: float,
    only: Sequence[str],
    tell: Callable[[Result], None],
) -> tuple[list[Result], Audit]:
    """Make the checks, and tell of each as it is done. Whoever is told to end, ends the command too."""
    from mockserver.audit.auditing import Audit
    from mockserver.runner import Unreachable, stage

    task = asyncio.current_task()
    with suppress(NotImplementedError):  # Windows has nothing of the kind
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel if task else lambda: None)
    results: list[Result] = []
    try:
        async with stage(*staged) as built:
            audited = Audit(scenario, built, seed, patience_secs)
            async for result in audited.results(only):
                results.append(result)
                tell(result)
            return results, audited
    except Unreachable as error:
        return stop(str(error), code=4)  # type: ignore[no-any-return]
    except OSError as error:
        return stop(f"cannot listen on {error.filename}: {error.strerror}. Choose another port.", code=2)  # type: ignore[no-any-return]


def _again(
    file: str, sets: dict[str, str], app_url: str | None, command: Sequence[str], real: bool
) -> Callable[[Result], str]:
    """The command line that makes the check of a result alone, as it came out."""
    named = "".join(f" --set {shlex.quote(f'{name}={text}')}" for name, text in sets.items())
    where = (f" --app {shlex.quote(app_url)}" if app_url else "") + (" --real-address" if real else "")
    started = f" -- {shlex.join(command)}" if command else ""

    def again(result: Result) -> str:
        alone = f" --only {result.check.name} --seed {result.seed}"
        return f"telnyx-mockserver audit {shlex.quote(file)}{named}{alone}{where}{started}"

    return again


def _meant(name: str, known: Iterable[str]) -> str:
    """The name that was probably meant, or all that there are."""
    close = get_close_matches(name, list(known), 1)
    return f": did you mean {close[0]}?" if close else f": it is one of {', '.join(known)}"


def _write(kind: str, path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{kind}: cannot write {path}: {error.strerror}") from None
