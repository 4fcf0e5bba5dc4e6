"""The commands that start a simulator, or tell where one is: serve, exec, env, ready."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mockserver import __version__
from mockserver.cli.asking import NO_SIMULATOR, ask, local_url, stop
from mockserver.cli.options import cache_folder, config_of, load_scenarios, option, seconds, serve_options
from mockserver.settings import DEFAULT_KEY, HOST, PORT, SPEC_DATE, Config

if TYPE_CHECKING:
    from mockserver.launch import Simulator
    from mockserver.server import Platform


@click.command()
@serve_options
@option("--tls-folder", type=click.Path(path_type=Path), help="Where certificates go.  [default: in the cache]")
def serve(tls_folder: Path | None, **options: Any) -> None:
    """Start the simulator. Ctrl-C ends it."""
    from mockserver.listening import Opening, Served, Server
    from mockserver.printer import Printer
    from mockserver.tls import forget
    from mockserver.webhooks.signing import Signer

    options["scenario"] = load_scenarios(options["scenario"], options.pop("sets"))
    config = config_of(options).on(cache=cache_folder())
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
            stop(f"--spec: {config.spec} is no OpenAPI description that can be read: {error}")
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
        stop(f"cannot listen on {error.filename}: {error.strerror}. Choose another {choose} (0: a free one).")
    certificates |= _certificates(served.control.tls, tls_folder)
    try:
        with suppress(KeyboardInterrupt):
            server.run()
    finally:
        if config.tls_port == 0 and tls_folder is None and served.control.tls:
            forget(_tls_folder(served.control.tls["port"]))  # no other start will write there


@click.command("exec", context_settings={"ignore_unknown_options": False})
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

    options["scenario"] = load_scenarios(options["scenario"], options.pop("sets"))
    config = config_of(options).on(cache=cache_folder(), tls_port=options["tls_port"] or 0)
    where = (url or local_url(config.host, config.port)).rstrip("/")
    simulator = _simulator(where, config.default_key)
    if simulator is None and url:
        stop(f"no simulator at {url}. Without --url, one is started for the program.", code=125)
    if click.get_current_context().get_parameter_source("port") is ParameterSource.DEFAULT:
        config = config.on(port=0)
    printer = Printer(out=sys.stderr, form=config.log_format, colour=sys.stderr.isatty())
    try:
        code = asyncio.run(execute(command, simulator or config, os.environ, None if quiet else printer))
    except NotStarted as error:
        stop(str(error), code=error.code)
    sys.exit(code)


@click.command()
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
    variables = _environment(local_url(host, port), public_key)
    with suppress(*NO_SIMULATOR):
        health = ask("GET", f"{local_url(host, port)}/_mock/health", timeout=1.0)
        variables |= _certificates(health["tls"], tls_folder)
    if form == "json":
        click.echo(json.dumps(variables, indent=2))
        return
    line = "export {}='{}'" if form == "sh" else "{}={}"
    for name, value in variables.items():
        click.echo(line.format(name, value))


@click.command()
@option("--url", default=None, help="Where the simulator is.  [default: from --host and --port]")
@option("--host", default=HOST)
@option("--port", default=PORT, type=int)
@click.option("--wait", is_flag=True, help="Wait until it is ready, up to --timeout.")
@click.option("--timeout", default="10s", show_default=True, help="Such as 10s or 500ms.")
def ready(url: str | None, host: str, port: int, wait: bool, timeout: str) -> None:
    """Say whether the simulator is ready: exit code 0 if it is, 1 if not."""
    import time

    where = url or local_url(host, port)
    deadline = time.monotonic() + seconds(timeout)
    while True:
        left = deadline - time.monotonic()
        try:
            health = ask("GET", f"{where}/_mock/health", timeout=max(left, 0.05))
            text = f"ready: {where}, version {health['version']}, clock {health['clock']['mode']}"
        except NO_SIMULATOR as error:
            if not wait or left <= 0:
                stop(f"not ready at {where}: {error}", code=1)
            time.sleep(0.05)
        else:
            click.echo(text)
            return


NONE: Mapping[str, str] = MappingProxyType({})


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


def _certificates(tls: Any, folder: Path | None) -> dict[str, str]:
    """The variables by which programs trust a listener with TLS, if there is one; writes the files that they name."""
    from mockserver.tls import trust

    if tls is None:
        return {}
    folder = folder or _tls_folder(tls["port"])
    try:
        return trust(tls["certificate"], folder.absolute(), os.environ).variables()
    except OSError as error:
        stop(f"cannot write certificates to {folder}: {error.strerror}. Choose another --tls-folder.")
        raise


def _tls_folder(port: int) -> Path:
    return cache_folder() / "tls" / str(port)


def _simulator(url: str, api_key: str) -> Simulator | None:
    """The simulator at a URL, if there is one; it has to listen with TLS."""
    from mockserver.launch import Simulator

    try:
        health = ask("GET", f"{url}/_mock/health", timeout=2.0)
        tls, public_key = health["tls"], health["public_key"]
    except NO_SIMULATOR:
        return None
    if tls is None:
        stop(f"the simulator at {url} does not listen with TLS. Start it with: serve --tls-port 0", code=125)
    return Simulator(url, api_key, public_key, tls["port"], tls["certificate"])


def _with_tls(url: str, port: int) -> str:
    return f"https{url.removeprefix('http').rpartition(':')[0]}:{port}"
