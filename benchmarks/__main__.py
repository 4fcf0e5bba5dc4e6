"""`python -m benchmarks`: measure, print a table, and write JSON."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from collections.abc import Callable

import click

from benchmarks import commands, deliveries, hour, legs, memory, plugin, ready, rooms
from benchmarks.results import Row, as_json, table

SUBJECTS: dict[str, Callable[[bool], list[Row]]] = {
    "commands": commands.measure,
    "deliveries": deliveries.measure,
    "ready": ready.measure,
    "hour": hour.measure,
    "plugin": plugin.measure,
    "legs": legs.measure,
    "memory": memory.measure,
    "rooms": rooms.measure,
}


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(SUBJECTS)), help="Measure only this; repeat.")
@click.option("--json", "file", type=click.Path(allow_dash=True), help="Write everything as JSON; - for stdout.")
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds, well under a minute.")
@click.option("--check", is_flag=True, help="Exit with 1 when a target is not held.")
def main(only: tuple[str, ...], file: str | None, quick: bool, check: bool) -> None:
    """Measure the simulator against the bare framework, in one run on this machine.

    Exit codes: 0, 1 with --check when a target is not held, 2 when something failed to run.
    """
    began, rows, failed = time.monotonic(), list[Row](), list[str]()
    for name in only or SUBJECTS:
        click.echo(f"{name} ...", err=True)
        try:
            rows += SUBJECTS[name](quick)
        except Exception:
            failed.append(name)
            traceback.print_exc()
    about = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "quick": quick,
        "seconds": round(time.monotonic() - began, 1),
        "failed": failed,
    }
    if file != "-":
        click.echo(table(rows))
        click.echo(f"\nPython {about['python']}, {about['machine']}, {about['seconds']} s")
    if file is not None:
        with click.open_file(file, "w") as out:
            out.write(as_json(rows, about) + "\n")
    if failed:
        sys.exit(2)
    sys.exit(1 if check and any(row.held is False for row in rows) else 0)


if __name__ == "__main__":
    main()
