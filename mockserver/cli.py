"""The command line: a few lines a command. The only place that reads environment variables."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mockserver import __version__
from mockserver.settings import DEFAULT_KEY, HOST, PORT, SPEC_DATE, Config
from mockserver.sim.clock import MODES
from mockserver.sim.events import KINDS

if TYPE_CHECKING:
    from mockserver.launch import Simulator
    from mockserver.server import Platform

PREFIX = "TELNYX_MOCKSERVER_"
NONE: Mapping[str, str] = MappingProxyType({})


def main() -> None:
    """The entry point of the command."""
    cli(prog_name="telnyx-mockserver")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version")
def cli() -> None:
    """A voice platform in a box: a local simulator of the Telnyx Call Control API. Independent and unofficial.

    Every option of serve and run can also be set as an environment variable: --webhook-url is
    TELNYX_MOCKSERVER_WEBHOOK_URL, and so on.
    """


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
        config = config.on(public_url=_public(config.public_url))
    try:
        Signer.from_text(config.signing_key)
    except ValueError as error:
        raise click.UsageError(f"--signing-key: {error}") from None
    return config


@cli.command()
@serve_options
@option("--tls-folder", type=click.Path(path_type=Path), help="Where certificates go.  [default: in the cache]")
def serve(tls_folder: Path | None, **options: Any) -> None:
    """Start the simulator. Ctrl-C ends it."""
    from mockserver.listening import Opening, Served, Server
    from mockserver.printer import Printer
    from mockserver.tls import forget
    from mockserver.webhooks.signing import Signer

    options["scenario"] = [_scenario_file(path) for path in options["scenario"]]
    config = config_of(options).on(cache=_cache_folder())
    for path in config.scenarios:
        _load(path)
    printer = Printer(form=config.log_format, colour=sys.stdout.isatty())

    def platform() -> Platform:
        from mockserver.server import Platform

        made = Platform(config, printer.exchange, printer.entry)
        gc.freeze()  # what is there now lives as long as the server: the collector need not look at it
        return made

    served: Served = Opening(config, platform, warm=lambda: importlib.import_module("mockserver.server"))
    if config.scenarios or config.spec:  # what may be wrong with them is told now
        try:
            served = platform()
        except (OSError, ValueError) as error:
            if config.spec is None:
                raise
            _stop(f"--spec: {config.spec} is no OpenAPI description that can be read: {error}")
    certificates: dict[str, str] = {}

    def announce(url: str) -> None:
        public_key, tls = Signer.from_text(config.signing_key).public_key, served.control.tls
        if config.log_format == "text":
            printer.say(_box(config, url, public_key, SPEC_DATE, tls, certificates))
        else:
            printer.say(json.dumps({"base_url": f"{url}/v2", "public_key": public_key, **certificates}))

    try:
        server = Server(served, announce)
    except OSError as error:
        choose = "--port" if error.filename == f"{config.host}:{config.port}" else "--tls-port"
        _stop(f"cannot listen on {error.filename}: {error.strerror}. Choose another {choose} (0: a free one).")
    certificates |= _certificates(served.control.tls, tls_folder)
    try:
        with suppress(KeyboardInterrupt):
            server.run()
    finally:
        if config.tls_port == 0 and tls_folder is None and served.control.tls:
            forget(_tls_folder(served.control.tls["port"]))  # no other start will write there


@cli.command()
@click.option("--format", "form", default="sh", type=click.Choice(["sh", "dotenv", "json", "github"]))
@option("--host", default=HOST)
@option("--port", default=PORT, type=int)
@option("--signing-key")
@option("--tls-folder", type=click.Path(path_type=Path))
def env(form: str, host: str, port: int, signing_key: str | None, tls_folder: Path | None) -> None:
    """Print the environment variables that make an SDK use the simulator.

    Where one runs that listens with TLS, also those by which programs trust its certificate.

    \b
    eval "$(telnyx-mockserver env)"                            in a shell
    telnyx-mockserver env --format dotenv > .env               for docker and the like
    telnyx-mockserver env --format github >> "$GITHUB_ENV"     in a workflow
    """
    from mockserver.webhooks.signing import DEFAULT_SEED, Signer

    try:
        public_key = Signer.from_text(signing_key or DEFAULT_SEED).public_key
    except ValueError as error:
        raise click.UsageError(f"--signing-key: {error}") from None
    variables = _environment(_url(host, port), public_key)
    with suppress(*NO_SIMULATOR):
        health = _ask("GET", f"{_url(host, port)}/_mock/health", timeout=1.0)
        variables |= _certificates(health["tls"], tls_folder)
    if form == "json":
        click.echo(json.dumps(variables, indent=2))
        return
    line = "export {}='{}'" if form == "sh" else "{}={}"
    for name, value in variables.items():
        click.echo(line.format(name, value))


@cli.command()
@option("--url", default=None, help="Where the simulator is.  [default: from --host and --port]")
@option("--host", default=HOST)
@option("--port", default=PORT, type=int)
@click.option("--wait", is_flag=True, help="Wait until it is ready, up to --timeout.")
@click.option("--timeout", default="10s", show_default=True, help="Such as 10s or 500ms.")
def ready(url: str | None, host: str, port: int, wait: bool, timeout: str) -> None:
    """Say whether the simulator is ready: exit code 0 if it is, 1 if not."""
    import time

    where = url or _url(host, port)
    deadline = time.monotonic() + _seconds(timeout)
    while True:
        left = deadline - time.monotonic()
        try:
            health = _ask("GET", f"{where}/_mock/health", timeout=max(left, 0.05))
            text = f"ready: {where}, version {health['version']}, clock {health['clock']['mode']}"
        except NO_SIMULATOR as error:
            if not wait or left <= 0:
                _stop(f"not ready at {where}: {error}", code=1)
            time.sleep(0.05)
        else:
            click.echo(text)
            return


@cli.command()
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
    placed = _control("POST", f"{url or _url(host, port)}/_mock/calls", body, api_key)
    click.echo(json.dumps(placed) if as_json else placed["call_control_id"])


@cli.command()
@control_options
@click.argument("call_control_id")
@click.argument("digits")
def press(call_control_id: str, digits: str, **where: Any) -> None:
    """Let the person press keys: 0-9 * # A-D, with w and W for pauses of 0.5 and 1 s.

    \b
    telnyx-mockserver press v3:... '4711#'
    """
    _act(call_control_id, "press", {"digits": digits}, **where)


@cli.command()
@control_options
@click.argument("call_control_id")
@click.argument("text")
def say(call_control_id: str, text: str, **where: Any) -> None:
    """Let the person say something; an assistant that listens replies."""
    _act(call_control_id, "say", {"text": text}, **where)


@cli.command()
@control_options
@click.argument("call_control_id")
def silence(call_control_id: str, **where: Any) -> None:
    """Let the person go silent: they say nothing more by themselves, and stay on the line."""
    _act(call_control_id, "silence", {}, **where)


@cli.command()
@control_options
@click.argument("call_control_id")
def hold(call_control_id: str, **where: Any) -> None:
    """Let the person put the call on hold: what they say and press is not heard until `unhold`."""
    _act(call_control_id, "hold", {}, **where)


@cli.command()
@control_options
@click.argument("call_control_id")
def unhold(call_control_id: str, **where: Any) -> None:
    """Let the person take back a call that they have put on hold."""
    _act(call_control_id, "unhold", {}, **where)


@cli.command()
@control_options
@click.argument("call_control_id")
@click.option("--cause", type=click.Choice(["busy", "decline", "no_answer", "normal"]), help="Before an answer.")
def hangup(call_control_id: str, cause: str | None, **where: Any) -> None:
    """Let the person hang up, or not take the call."""
    _act(call_control_id, "hangup", {"cause": cause} if cause else {}, **where)


@cli.command()
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

    where = url or _url(host, port)
    names = {"call": "call_control_id", "event": "name", "kind": "kind", "where": "where"}
    query = {names[name]: value for name, value in wanted.items() if value is not None}
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    last = _told("GET", f"{where}/_mock/events?{urlencode({**query, 'limit': 1})}", None, api_key)["meta"]["last_seq"]
    colour = sys.stdout.isatty()
    try:
        for entry in follow(where, last if since is None else since, query, headers):
            click.echo(json.dumps(entry) if as_json else line(entry, colour))
    except KeyboardInterrupt:
        return
    except OSError as error:
        _stop(f"the simulator at {where} has gone: {error}", code=1)


@cli.command()
@control_options
def diagnose(url: str | None, host: str, port: int, api_key: str | None, as_json: bool) -> None:
    """Say why nothing happens: exit code 0 if nothing is wrong, 1 if an error was found."""
    told = _control("GET", f"{url or _url(host, port)}/_mock/diagnose", None, api_key)
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


@cli.command()
@click.argument("files", nargs=-1, required=True)
def check(files: tuple[str, ...]) -> None:
    """Check scenario files: exit code 0 if all are valid, 3 if not, with every mistake's file and line."""
    bad = False
    for name in files:
        path = _scenario_file(name)
        try:
            scenario = _load(path, stop=False)
        except ValueError as error:
            bad = True
            click.echo(str(error), err=True)
        else:
            click.echo(f"{path}: valid, {scenario.name}")
    if bad:
        sys.exit(3)


@cli.command(context_settings={"ignore_unknown_options": False})
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
    scenario = _load(_scenario_file(file))
    config = config_of(options).on(clock="auto", one_world=True)
    colour = sys.stdout.isatty()
    try:
        result = asyncio.run(
            play(scenario, config, app_url, command, dict(os.environ), _seconds(timeout), real_address)
        )
    except Unreachable as error:
        _stop(str(error), code=4)
    except OSError as error:
        _stop(f"cannot listen on {error.filename}: {error.strerror}. Choose another port.", code=2)
    click.echo(json.dumps(result.as_json(), indent=2, ensure_ascii=False) if as_json else result.text(colour))
    sys.exit(0 if result.held else 1)


@cli.command("exec", context_settings={"ignore_unknown_options": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@option("--url", default=None, help="Where the simulator is.  [default: from --host and --port]")
@click.option("--quiet", is_flag=True, help="With a simulator of its own: print no line for each exchange.")
@serve_options
def exec_(command: tuple[str, ...], url: str | None, quiet: bool, **options: Any) -> None:
    """Run a program that has https://api.telnyx.com in its code: its connections there lead to the simulator.

    No root, no change to the program, and nothing else is led elsewhere; for Python and Node. The variables of an SDK
    and of certificates are set for every program. Where no simulator runs, one is started for as long as the program,
    with the options of serve; what it prints goes to standard error.

    \b
    telnyx-mockserver exec -- python my_app.py
    telnyx-mockserver exec --webhook-url http://127.0.0.1:8088/webhooks -- node my_app.js

    The exit code is the program's; 125: no simulator, 126: the program cannot be started, 127: it cannot be found.
    """
    from mockserver.launch import NotStarted, execute
    from mockserver.printer import Printer

    options["scenario"] = [_scenario_file(path) for path in options["scenario"]]
    config = config_of(options).on(cache=_cache_folder(), tls_port=options["tls_port"] or 0)
    where = (url or _url(config.host, config.port)).rstrip("/")
    simulator = _simulator(where, config.default_key)
    if simulator is None and url:
        _stop(f"no simulator at {url}. Without --url, one is started for the program.", code=125)
    if click.get_current_context().get_parameter_source("port") is ParameterSource.DEFAULT:
        config = config.on(port=0)
    for path in config.scenarios:
        _load(path)
    printer = Printer(out=sys.stderr, form=config.log_format, colour=sys.stderr.isatty())
    try:
        code = asyncio.run(execute(command, simulator or config, os.environ, None if quiet else printer))
    except NotStarted as error:
        _stop(str(error), code=error.code)
    sys.exit(code)


@cli.command()
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print rows as JSON.")
def errors(code: str | None, as_json: bool) -> None:
    """Print the catalogue of refusals: what raises each, and how to get it from the simulator."""
    from mockserver.sim.errors import CATALOGUE, by_scenario, find

    rows = find(code) if code else list(CATALOGUE)
    if not rows:
        _stop(f"no error has the code {code}; `telnyx-mockserver errors` lists all", code=1)
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


@cli.command()
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
        _stop(str(failure), code=1)
    click.echo("the signature is good")


# Small parts ---------------------------------------------------------------------------------------------------------


NO_SIMULATOR = (OSError, ValueError, LookupError, TypeError)
"""What asking a simulator raises where nobody, or somebody else, answers."""


def _environment(url: str, public_key: str) -> dict[str, str]:
    return {
        "TELNYX_BASE_URL": f"{url}/v2",
        "TELNYX_API_KEY": DEFAULT_KEY,
        "TELNYX_PUBLIC_KEY": public_key,
    }


def _box(
    config: Config, url: str, public_key: str, spec_date: str, tls: Any = None, certificates: Mapping[str, str] = NONE
) -> str:
    from mockserver.webhooks.policy import safe_url

    variables = {**_environment(url, public_key), **certificates}
    if config.api_keys:
        variables.pop("TELNYX_API_KEY")  # it would not be good, and those that are stay secret
    webhooks = safe_url(config.webhook_url) if config.webhook_url else None
    clock = f"{config.clock} x{config.factor:g}" if config.clock == "fast" else config.clock
    rows = [
        f"base URL    {url}/v2",
        *([f"with TLS    {_with_tls(url, tls['port'])}/v2"] if tls else []),
        f"public key  {public_key}",
        f"webhooks    {webhooks or 'to the webhook_url of each call (no --webhook-url)'}",
        f"clock       {clock}    seed {config.seed}    interface of {spec_date}",
        *(["API key     one of those given with --api-key"] if config.api_keys else []),
        "",
        *(f"export {name}='{value}'" for name, value in variables.items()),
    ]
    width = max(map(len, rows))
    title = f" telnyx-mockserver {__version__} "
    lines = [f"+{title:-<{width + 2}}+", *(f"| {row:<{width}} |" for row in rows), f"+{'-' * (width + 2)}+"]
    return "\n".join(lines)


def _scenario_file(name: Path | str) -> Path:
    """A file that exists, or the bundled scenario of that name."""
    from mockserver.scenario.bundled import find

    try:
        return find(str(name))
    except LookupError as error:
        raise click.UsageError(f"{name}: there is no such file, and {error}") from None


def _load(path: Path, stop: bool = True) -> Any:
    from mockserver.scenario.load import InvalidScenario, load

    try:
        return load(path)
    except InvalidScenario as invalid:
        text = "\n".join(invalid.problems)
        if stop:
            _stop(text, code=3)
        raise ValueError(text) from None


def _public(url: str) -> str:
    """The URL of a server, without a slash at its end."""
    from mockserver.scenario import values

    try:
        return values.url(url).rstrip("/")
    except ValueError as error:
        raise click.UsageError(f"--public-url: {error}") from None


def _seconds(text: str) -> float:
    from mockserver.scenario.values import duration

    try:
        return duration(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _cache_folder() -> Path:
    """Where what was parsed may be kept for the next start."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "telnyx-mockserver"


def _certificates(tls: Any, folder: Path | None) -> dict[str, str]:
    """The variables by which programs trust a listener with TLS, if there is one; writes the files that they name."""
    from mockserver.tls import trust

    if tls is None:
        return {}
    folder = folder or _tls_folder(tls["port"])
    try:
        return trust(tls["certificate"], folder.absolute(), os.environ).variables()
    except OSError as error:
        _stop(f"cannot write certificates to {folder}: {error.strerror}. Choose another --tls-folder.")
        raise


def _tls_folder(port: int) -> Path:
    return _cache_folder() / "tls" / str(port)


def _simulator(url: str, api_key: str) -> Simulator | None:
    """The simulator at a URL, if there is one; it has to listen with TLS."""
    from mockserver.launch import Simulator

    try:
        health = _ask("GET", f"{url}/_mock/health", timeout=2.0)
        tls, public_key = health["tls"], health["public_key"]
    except NO_SIMULATOR:
        return None
    if tls is None:
        _stop(f"the simulator at {url} does not listen with TLS. Start it with: serve --tls-port 0", code=125)
    return Simulator(url, api_key, public_key, tls["port"], tls["certificate"])


def _with_tls(url: str, port: int) -> str:
    return f"https{url.removeprefix('http').rpartition(':')[0]}:{port}"


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


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
    leg = _control("POST", (url or _url(host, port)) + path, body, api_key)
    click.echo(json.dumps(leg) if as_json else leg["state"])


def _control(method: str, url: str, body: dict[str, Any] | None, api_key: str | None) -> Any:
    """`data` of what the control interface answers."""
    answer = _told(method, url, body, api_key)
    if "data" not in answer:
        _stop(f"no simulator at {url}: something else answers. Start one with: telnyx-mockserver serve", code=1)
    return answer["data"]


def _told(method: str, url: str, body: dict[str, Any] | None, api_key: str | None) -> Any:
    """Ask the control interface; says what was wrong and ends with 1 if it refuses."""
    from urllib.error import HTTPError

    try:
        try:
            return _ask(method, url, body, api_key)
        except HTTPError as error:
            problems = json.loads(error.read())["errors"]
            _stop("\n".join(f"{each['code']} {each['title']}: {each['detail']}" for each in problems), code=1)
    except NO_SIMULATOR as error:
        _stop(f"no simulator at {url}: {error}. Start one with: telnyx-mockserver serve", code=1)


def _ask(
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


def _stop(text: str, code: int = 2) -> Any:
    click.secho(text, err=True, fg="red" if sys.stderr.isatty() else None)
    sys.exit(code)
