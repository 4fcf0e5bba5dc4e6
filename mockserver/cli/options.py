"""The options that several commands share, and what they turn into."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mockserver.cli.asking import stop
from mockserver.settings import HOST, PORT, Config
from mockserver.sim.clock import MODES

PREFIX = "TELNYX_MOCKSERVER_"


def option(*names: str, **rest: Any) -> Callable[[Any], Any]:
    """A click option that is also an environment variable."""
    rest.setdefault("envvar", PREFIX + names[0].strip("-").upper().replace("-", "_"))
    return click.option(*names, show_default=True, **rest)


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
            option("--scenario", multiple=True, type=scenario, help="A file, or a bundled one's name; repeat."),
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


def scenario_file(name: Path | str) -> Path:
    """A file that exists, or the bundled scenario of that name."""
    from mockserver.scenario.bundled import find

    try:
        return find(str(name))
    except LookupError as error:
        raise click.UsageError(f"{name}: there is no such file, and {error}") from None


def load_file(path: Path) -> Any:
    """The scenario of a file; ends with 3 and every mistake in it if it has any."""
    from mockserver.scenario.load import InvalidScenario, load

    try:
        return load(path)
    except InvalidScenario as invalid:
        stop("\n".join(invalid.problems), code=3)


def cache_folder() -> Path:
    """Where what was parsed may be kept for the next start."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "telnyx-mockserver"
