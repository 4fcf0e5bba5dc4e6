"""The command that plays a scenario under everything that may befall webhooks: audit."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockserver.cli.application import (
    BESIDE_THE_REPORT,
    application_options,
    check_application,
    stage_for,
    the_same_again,
    until_over,
)
from mockserver.cli.options import (
    ThenCommand,
    config_of,
    load_scenarios,
    report_file,
    variables,
    world_options,
    write_report,
)

if TYPE_CHECKING:
    from mockserver.audit.auditing import Audit, Result
    from mockserver.runner import Stage
    from mockserver.scenario.model import Scenario


@click.command(cls=ThenCommand)
@click.argument("file", metavar="SCENARIO")
@world_options
@variables
@application_options
@click.option("--only", multiple=True, metavar="CHECK", help="Make this check alone, with --seed alone; repeat.")
@click.option("--junit", "junit_file", type=report_file, help="Write the results as JUnit XML.")
@click.option("--html", "html_file", type=report_file, help="Write the results as a page.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def audit(
    file: str,
    command: tuple[str, ...],
    app_url: str | None,
    timeout: float,
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
    from mockserver.scenario.names import meant

    check_application(app_url, command, real_address)
    for name in only:
        if name not in CHECKS:
            raise click.UsageError(f"--only: there is no check {name!r}: {meant(name, CHECKS)}")
    sets = options.pop("sets")
    [scenario] = load_scenarios([file], sets)
    config = config_of(options).on(clock="auto", one_world=True)
    same = the_same_again(sets, app_url, command, real_address)
    colour = sys.stdout.isatty()

    def again(result: Result) -> str:
        return f"telnyx-mockserver audit {shlex.quote(file)} --only {result.check.name} --seed {result.seed}{same}"

    def tell(result: Result) -> None:
        click.echo(report.line(result, again(result), colour and not as_json), err=as_json)

    staged = stage_for(config, app_url, command, timeout, real_address, BESIDE_THE_REPORT)
    results, audited = until_over(_audit(scenario, staged, config.seed, config.webhook_timeout, only, tell))
    if junit_file is not None:
        write_report("--junit", junit_file, files.junit(results, scenario.name, again))
    if html_file is not None:
        write_report("--html", html_file, files.page(results, audited.roster, scenario.name, again))
    if as_json:
        told = report.as_json(results, audited.roster, scenario.name)
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        click.echo(report.ending(results, audited.roster))
    sys.exit(1 if any(result.outcome == "failed" for result in results) else 0)


async def _audit(
    scenario: Scenario,
    staged: AbstractAsyncContextManager[Stage],
    seed: int,
    patience_secs: float,
    only: Sequence[str],
    tell: Callable[[Result], None],
) -> tuple[list[Result], Audit]:
    """Make the checks, and tell of each as it is done."""
    from mockserver.audit.auditing import Audit

    results: list[Result] = []
    async with staged as stage:
        audited = Audit(scenario, stage, seed, patience_secs)
        async for result in audited.results(only):
            results.append(result)
            tell(result)
    return results, audited
