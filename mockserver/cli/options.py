"""The options that several commands share, and what they turn into."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockserver.cli.asking import stop
from mockserver.settings import HOST, PORT, Config
from mockserver.sim.clock import MODES

if TYPE_CHECKING:
    from mockserver.scenario.model import Scenario

PREFIX = "TELNYX_MOCKSERVER_"


def option(*names: str, **rest: Any) -> Callable[[Any], Any]:
    """A click option that is also an environment variable."""
    rest.setdefault("envvar", PREFIX + names[0].strip("-").upper().replace("-", "_"))
    return click.option(*names, show_default=True, **rest)


def _pairs(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """What `--set NAME=VALUE` says, several times; of one name the last counts."""
    if not given:
        return {}
    from mockserver.scenario.reading.variables import NAME, NAMING

    pairs = dict(each.partition("=")[::2] for each in given)
    for each in given:
        name, equals, _ = each.partition("=")
        if not equals:
            raise click.BadParameter(f"{each!r} has no value: write NAME=VALUE")
        if not NAME.fullmatch(name):
            raise click.BadParameter(f"{name!r} is no name of a variable: {NAMING}")
    return pairs


variables = click.option(
    "--set", "sets", multiple=True, metavar="NAME=VALUE", callback=_pairs, help="A variable of the scenarios; repeat."
)
"""What overrides the variables of scenarios: `sets`, names to texts."""


def world_options(command: Any) -> Any:
    """The options of whatever starts a world."""
    for each in reversed(
        [
            option("--host", default=HOST, help="Address to listen on."),
            option("--port", default=PORT, type=click.IntRange(0, 65535), help="Port; 0 picks a free one."),
            option("--tls-port", type=click.IntRange(0, 65535), help="Listen with TLS too; 0 picks a free port."),
            option("--webhook-failover-url", help="Where a webhook goes when its first address fails twice."),
            option("--webhook-timeout", default=2.0, type=click.FloatRange(0.05, 30), help="Seconds to wait for 2xx."),
            option("--seed", default=0, type=int, help="Where ids come from: same seed, same inputs, same ids."),
            option("--signing-key", help="Seed of the Ed25519 key, 32 bytes in Base64 or hex.  [default: a fixed one]"),
            option("--api-key", multiple=True, help="An API key that is good; repeat. Without it, any key is."),
            option("--connections", default="open", type=click.Choice(["open", "known"]), help="Which may dial."),
            option("--connection-id", multiple=True, help="With --connections known: an id that may; repeat."),
            option("--fetch-audio", is_flag=True, help="Ask for the files that the application plays; else 10 s each."),
            option("--public-url", help="Where others reach this server: URLs of recordings begin with it."),
            option("--strict", is_flag=True, help="Forgive nothing: refuse whatever the published interface does."),
            option(
                "--loop-guard", default=200, type=click.IntRange(0), help="Calls a minute taken for a loop; 0: off."
            ),
            option("--call-cost", is_flag=True, help="Let every call tell at its end what it has cost: call.cost."),
            option("--log-format", default="text", type=click.Choice(["text", "json"]), help="Of the exchange lines."),
        ]
    ):
        command = each(command)
    return command


def serve_options(command: Any) -> Any:
    """The options of whatever starts a world and leaves it to itself."""
    scenario = click.Path(path_type=Path)
    for each in reversed(
        [
            option("--webhook-url", help="Where webhooks go that no call says otherwise of."),
            option("--scenario", multiple=True, type=scenario, help="FILE or FILE#row, or a bundled name; repeat."),
            variables,
            option("--clock", default="real", type=click.Choice(MODES), help="Who moves time."),
            option("--factor", default=60.0, type=click.FloatRange(0.001, 1_000_000), help="How fast 'fast' is."),
            option("--contract", is_flag=True, help="Answer a valid success also of what does not exist."),
            option("--spec", type=scenario, help="An OpenAPI file to serve instead, by its contract alone."),
        ]
    ):
        command = each(command)
    return world_options(command)


def control_options(command: Any) -> Any:
    """The options of whatever asks a simulator that runs."""
    for each in reversed(
        [
            option("--url", default=None, help="Where the simulator is.  [default: from --host and --port]"),
            option("--host", default=HOST),
            option("--port", default=PORT, type=int),
            click.option("--api-key", envvar="TELNYX_API_KEY", help="Whose world it is.  [default: the default world]"),
            click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        ]
    ):
        command = each(command)
    return command


def config_of(options: dict[str, Any]) -> Config:
    """The settings that options give; a signing key that is none is a usage error."""
    from mockserver.webhooks.signing import Signer

    renamed = {
        **options,
        "api_keys": options.pop("api_key"),
        "connection_ids": options.pop("connection_id"),
        "scenarios": tuple(options.pop("scenario", ())),
    }
    renamed.pop("api_key", None)
    renamed.pop("connection_id", None)
    renamed.pop("scenario", None)
    given = {name: value for name, value in renamed.items() if value is not None}
    config = Config(**given)
    if config.public_url is not None:
        config = config.on(public_url=public_address(config.public_url))
    try:
        Signer.from_text(config.signing_key)
    except ValueError as error:
        raise click.UsageError(f"--signing-key: {error}") from None
    return config


def public_address(url: str) -> str:
    """The URL of a server, without a slash at its end."""
    from mockserver.scenario import values

    try:
        return values.url(url).rstrip("/")
    except ValueError as error:
        raise click.UsageError(f"--public-url: {error}") from None


def seconds(text: str) -> float:
    from mockserver.scenario.values import duration

    try:
        return duration(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def file_and_row(name: Path | str) -> tuple[Path, str | None]:
    """The file of `FILE`, and the row of its parameters that `FILE#row` names."""
    from mockserver.scenario.bundled import find_row

    try:
        return find_row(str(name))
    except LookupError as error:
        path = Path(str(name).partition("#")[0])
        close = get_close_matches(path.name, [beside.name for beside in path.parent.glob("*.y*ml")], 1)
        told = f": did you mean {path.with_name(close[0])}?" if close else f", and {error}"
        raise click.UsageError(f"{name}: there is no such file{told}") from None


def read_scenarios(name: Path | str, sets: Mapping[str, str], every: bool = True) -> list[Scenario]:
    """The scenarios of `FILE`, one for each row if `every` one is wanted, or the one of `FILE#row`.

    Raises InvalidScenario, also for a file with rows where one is wanted and none is named.
    """
    from mockserver.scenario.load import load, load_all

    path, row = file_and_row(name)
    try:
        if every and row is None:
            return load_all(path, os.environ, sets)
        return [load(path, None, os.environ, sets, row)]
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from None


def load_scenarios(names: Sequence[Path | str], sets: Mapping[str, str]) -> tuple[Scenario, ...]:
    """One scenario for each name, `FILE` or `FILE#row`; ends with 3 and every mistake in them if they have any."""
    if not names:
        check_sets(sets, ())
        return ()  # what reads scenarios takes a quarter of a second to import
    from mockserver.scenario.load import InvalidScenario

    found: list[Scenario] = []
    problems: list[str] = []
    for name in names:
        try:
            found += read_scenarios(name, sets, every=False)
        except InvalidScenario as invalid:
            problems += invalid.problems
    if problems:
        stop("\n".join(problems), code=3)
    check_sets(sets, found)
    return tuple(found)


def check_sets(sets: Mapping[str, str], scenarios: Sequence[Scenario]) -> None:
    """A usage error if none of the scenarios has a variable that `--set` names."""
    known = {name for scenario in scenarios for name in scenario.variables}
    for name in sets.keys() - known:
        from mockserver.scenario.names import meant

        hint = meant(name, known) if known else "there are no variables"
        raise click.UsageError(f"--set {name}: no scenario has this variable: {hint}")


class _ReportFile(click.Path):
    """A file that is written when all is played: that it cannot be is said before."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, if it is that of a file, or of one that can be made."""
        path: Path = super().convert(value, param, ctx)  # type: ignore[assignment]  # as path_type says
        there = next(place for place in (path, *path.absolute().parents) if os.access(place, os.F_OK))
        if there != path and not (there.is_dir() and os.access(there, os.W_OK)):
            self.fail(f"{path} cannot be written: {there} is no folder that can be written to", param, ctx)
        return path


report_file = _ReportFile(dir_okay=False, writable=True, path_type=Path)
"""The sort of option that names a file to be written, in folders that are made if need be."""


def write_report(option: str, file: Path, text: str) -> None:
    """Write a report, and make the folders that it is to stand in."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{option}: cannot write {file}: {error.strerror}") from None


def cache_folder() -> Path:
    """Where what was parsed may be kept for the next start."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "telnyx-mockserver"


class ThenCommand(click.Command):
    """A command whose line ends with another program's after `--`, which its function gets as `command`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave what comes after the first `--` alone."""
        end = args.index("--") if "--" in args else len(args)
        ctx.params["command"] = tuple(args[end + 1 :])
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The line that says how it is used."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]
