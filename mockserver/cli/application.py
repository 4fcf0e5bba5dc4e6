"""The application that `run` and `audit` play against: the options that name it, and the stage on which it is met."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from mockserver.cli.asking import stop
from mockserver.cli.options import option, seconds

if TYPE_CHECKING:
    from mockserver.runner import Stage
    from mockserver.settings import Config

Result = TypeVar("Result")

BESIDE_THE_REPORT = 2
"""The file descriptor for what the application prints, so that it does not come between what we print."""


ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Interrupted(SystemExit):
    """A signal has ended the playing: who does not catch this ends with the code that a shell tells it by."""

    code: int

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.name = signal.Signals(number).name


def _limit(context: click.Context, parameter: click.Parameter, given: str) -> float:
    try:
        found = seconds(given)
    except click.UsageError as error:
        raise click.BadParameter(error.message) from None
    if not found:
        raise click.BadParameter("nothing can be played in no time: write seconds, or 2s, 500ms, 1m30s")
    return found


def application_options(command: Any) -> Any:
    """The options that say where the application is, and how long it may take."""
    for each in reversed(
        [
            option("--app", "app_url", help="URL of the running application's webhooks."),
            option("--timeout", default="30s", callback=_limit, help="Real time that one play of a scenario may take."),
            option("--real-address", is_flag=True, help="Lead the command's connections to api.telnyx.com here."),
        ]
    ):
        command = each(command)
    return command


def check_application(app_url: str | None, command: Sequence[str], real_address: bool) -> None:
    """A usage error where nobody says which application is meant."""
    if not app_url and not command:
        raise click.UsageError(
            "say where the application is with --app URL, or how to start it after --, as in: -- python my_app.py"
        )
    if app_url:
        from mockserver.scenario import values

        try:
            values.url(app_url)
        except ValueError as error:
            raise click.UsageError(f"--app: {error}") from None
    if real_address and not command:
        raise click.UsageError("--real-address needs a command after --: what runs already cannot be led elsewhere")


OF_THE_WORLD = (
    "timeout",
    "webhook_timeout",
    "webhook_failover_url",
    "signing_key",
    "api_key",
    "connections",
    "connection_id",
    "fetch_audio",
    "strict",
    "loop_guard",
    "call_cost",
)
"""Options without which a play could come out otherwise."""


def _of_the_world() -> list[str]:
    """Those of them that were given, as they are written."""
    context, words = click.get_current_context(), list[str]()
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in OF_THE_WORLD and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            value = context.params[name]
            for one in value if isinstance(value, tuple) else (value,):
                written = f"{one:g}" if isinstance(one, float) else str(one)
                words += [parameter.opts[0]] if one is True else [parameter.opts[0], written]
    return words


def the_same_again(sets: Mapping[str, str], app_url: str | None, command: Sequence[str], real_address: bool) -> str:
    """The end of a command line that plays against the same application, with the same variables and world."""
    return "".join(
        [
            *(f" --set {shlex.quote(f'{name}={text}')}" for name, text in sets.items()),
            f" --app {shlex.quote(app_url)}" if app_url else "",
            " --real-address" if real_address else "",
            *(f" {shlex.quote(word)}" for word in _of_the_world()),
            f" -- {shlex.join(command)}" if command else "",
        ]
    )


def until_over(playing: Coroutine[Any, Any, Result]) -> Result:
    """Play to the end, or until a signal comes: what was started is ended first, and then raises `Interrupted`."""
    came: list[int] = []

    async def heeding() -> Result:
        task = asyncio.current_task()
        assert task is not None

        def end(number: int) -> None:
            came.append(number)
            task.cancel()

        with suppress(NotImplementedError):  # Windows has nothing of the kind
            for number in ENDING:
                asyncio.get_running_loop().add_signal_handler(number, end, number)
        return await playing

    try:
        return asyncio.run(heeding())
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise Interrupted(came[0] if came else signal.SIGINT) from None


@asynccontextmanager
async def stage_for(
    config: Config, app_url: str | None, command: Sequence[str], limit: float, real_address: bool, output: int | None
) -> AsyncIterator[Stage]:
    """The stage with the application on it. What is wrong with either ends the program.

    A command is told where the platform listens, so that any free port will do: many may run at once on a machine.
    """
    from mockserver.runner import Unreachable, stage

    if not app_url and click.get_current_context().get_parameter_source("port") is ParameterSource.DEFAULT:
        config = config.on(port=0)
    async with AsyncExitStack() as opened:
        try:
            built = await opened.enter_async_context(
                stage(config, app_url, command, os.environ, limit, real_address, output)
            )
        except OSError as error:
            stop(f"cannot listen on {error.filename}: {error.strerror}. Choose others with --host and --port.", code=2)
        try:
            yield built
        except Unreachable as error:
            stop(str(error), code=4)
