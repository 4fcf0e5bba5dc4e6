"""A test's own world behind a socket, for tests that are plain functions: each verb returns when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from mockserver.sim.diagnosis import Finding
from mockserver.testing.background import Background
from mockserver.testing.blocking_calls import Call
from mockserver.testing.calls import AsyncCall
from mockserver.testing.faults import FaultFields, InStore
from mockserver.testing.happened import Happened, NothingCame
from mockserver.testing.options import Options
from mockserver.testing.sink import Webhooks

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

READ_SECS = 5.0
"""How long looking something up may take, in real seconds."""


class SimulatedTelnyx:
    """A world of the platform, for one test, at `base_url` for whoever has `api_key`.

    Time stands still while the test's own code runs, and goes on while it waits: in `wait_for`, `press` and `say` of a
    call, `advance`, `settle`, `play`, and for the block of `passing`.
    """

    def __init__(self, server: Background, api_key: str, options: Options | None = None) -> None:
        self._server = server
        self._telnyx = server.begin(api_key, options or Options())
        self.api_key = api_key
        self.base_url = self._telnyx.base_url
        self.public_key = self._telnyx.public_key
        self._at_the_end = ExitStack()

    # Where everything is

    @property
    def env(self) -> dict[str, str]:
        """The variables that the official SDKs read, and `TELNYX_WEBHOOK_URL`."""
        return self._telnyx.env

    @property
    def webhook_url(self) -> str:
        """Where webhooks go unless the application says otherwise: to the built-in sink, if nobody said."""
        return self._telnyx.webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._look(lambda: setattr(self._telnyx, "webhook_url", url))

    def http_client(self, **options: Any) -> httpx.Client:
        """A client for this world, closed with it: the `http_client` of a `Telnyx`, which is dear to make without."""
        import httpx

        client = httpx.Client(base_url=self.base_url, verify=False, **options)  # there is no TLS to verify
        self._at_the_end.callback(client.close)
        return client

    @property
    def webhooks(self) -> Webhooks:
        """The built-in sink: what came of webhooks that go nowhere else."""
        return self._telnyx.webhooks

    # What happened

    @property
    def journal(self) -> list[Happened]:
        """Everything that happened, in order: webhooks, commands, what people did."""
        return self._look(lambda: self._telnyx.journal)

    @property
    def events(self) -> list[Happened]:
        """The webhooks."""
        return self._look(lambda: self._telnyx.events)

    @property
    def commands(self) -> list[Happened]:
        """The commands of the application."""
        return self._look(lambda: self._telnyx.commands)

    @property
    def deliveries(self) -> list[Happened]:
        """The attempts to deliver a webhook: `attempt`, `outcome`, `status`, `url`."""
        return self._look(lambda: self._telnyx.deliveries)

    @property
    def calls(self) -> list[Call]:
        """The legs that there are, the oldest first."""
        return [Call(self, call) for call in self._look(lambda: self._telnyx.calls)]

    @property
    def seconds(self) -> float:
        """Simulated time since the world began."""
        return self._look(lambda: self._telnyx.seconds)

    def ladder(self) -> str:
        """What happened, drawn."""
        return self._look(self._telnyx.ladder)

    def explain(self) -> str:
        """What holds time, what is still to come, and what happened last."""
        return self._look(self._telnyx.explain)

    def diagnose(self) -> list[Finding]:
        """What may be why nothing happens, the worst first; see `GET /_mock/diagnose`."""
        findings: list[Finding] = self._do(self._telnyx.diagnose)
        return findings

    # Who is there

    def call(self, from_: str, to: str, **more: Any) -> Call:
        """Somebody calls the application. `more` is what `POST /_mock/calls` takes.

        `says` are lines they say by themselves, `does` what they do at an event; `presses` are entries of keys, one for
        each time that a gather asks.
        """
        __tracebackhide__ = True
        return Call(self, self._do(self._telnyx.call, from_, to, **more))

    def person(self, number: str, **fields: Any) -> None:
        """Somebody with a number or a pattern; the fields are those of `people` in a scenario."""
        self._look(lambda: self._telnyx.person(number, **fields))

    def assistant(self, **fields: Any) -> None:
        """An assistant by its `id` or `name`; the fields are those of `assistants` in a scenario."""
        self._look(lambda: self._telnyx.assistant(**fields))

    def fault(self, operation: str | None = None, *, code: str | None = None, **fields: Unpack[FaultFields]) -> InStore:
        """Something goes wrong from now on; the fields are those of `POST /_mock/faults`.

        `fault(operation="dial", error="10010", nth=2)`, `fault(event="call.answered", delivery="duplicate")`. With
        `code`, which is short for `error`, the first command is refused, or the `nth`. Raises ValueError for a mistake.
        """
        __tracebackhide__ = True
        try:
            return self._look(lambda: self._telnyx.fault(operation, code=code, **fields)).seen_by(self._look)
        except ValueError as mistake:  # where it came from in the other thread is of no interest
            raise mistake.with_traceback(None) from None

    @property
    def faults(self) -> list[InStore]:
        """The faults in store."""
        return [fault.seen_by(self._look) for fault in self._look(lambda: self._telnyx.faults)]

    def clear_faults(self) -> None:
        """Let nothing more go wrong."""
        self._look(self._telnyx.clear_faults)

    def scenario(self, source: str | Path) -> None:
        """Load a scenario: a file, the name of a bundled one, or its text. `play` holds what it expects to the log.

        Raises `InvalidScenario` with every mistake in it, LookupError where there is no such file.
        """
        self._look(lambda: self._telnyx.scenario(source))

    def starts_with(self, source: str | Path) -> None:
        """The same for this world and for each that begins anew in its place."""
        self._look(lambda: self._telnyx.starts_with(source))

    # Time

    def wait_for(
        self,
        name: str,
        /,
        *,
        timeout: float | None = None,
        call: Call | None = None,
        gets: str | Sequence[str] | None = None,
        **fields: Any,
    ) -> Happened:
        """Let time pass until a webhook, a command or an act of a person with these fields comes, or is there already.

        What was given once is not given again. A field fits as in a scenario: more may be there, `*` in a text stands
        for anything. `gets` is what a command is answered: `ok` or a code. Raises `NothingCame` after `timeout` real
        seconds, and ValueError for a name that nothing has.
        """
        __tracebackhide__ = True
        about = None if call is None else call.asynchronous
        happened: Happened = self._do(self._telnyx.wait_for, name, timeout=timeout, call=about, gets=gets, **fields)
        return happened

    def advance(self, seconds: float) -> None:
        """Let so much time pass, and what happens in it reach the application; return when the world is quiet.

        Raises ValueError where the clock follows the wall.
        """
        __tracebackhide__ = True
        self._do(self._telnyx.advance, seconds)

    def settle(self) -> None:
        """Let time pass until nothing more happens by itself; mere limits (a caller's patience) are not waited for."""
        __tracebackhide__ = True
        self._do(self._telnyx.settle)

    def play(self, source: str | Path | None = None) -> None:
        """Let time pass until what the loaded scenarios expect has come, or nothing more comes.

        Raises `NothingCame` with what is missing and what was seen instead.
        """
        __tracebackhide__ = True
        self._do(self._telnyx.play, source)

    def expect(self, expected: Sequence[Mapping[str, Any]]) -> None:
        """The same for a list of expectations: what `expect` of a scenario has, as Python has it.

        A name in `who` is that of a `person` of this test. Raises `NothingCame` with what is missing and what was seen
        instead, and ValueError with every mistake in the list.
        """
        __tracebackhide__ = True
        self._do(self._telnyx.expect, expected)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let time go on while the block runs, for code under test that waits for something by itself."""
        __tracebackhide__ = True
        passing = self._telnyx.passing()
        self._do(passing.__aenter__)
        try:
            yield
        finally:
            self._do(passing.__aexit__, None, None, None)

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold time while the block runs, whoever waits; `name` says why. It may begin and end in different threads.

        Raises ValueError where the clock follows the wall.
        """
        hold = self._telnyx.hold(name)
        self._look(hold.__enter__)
        try:
            yield
        finally:
            self._look(lambda: hold.__exit__(None, None, None))

    @property
    def holds(self) -> list[str]:
        """The names of what holds time: blocks of `hold`, holds of clients, webhooks on their way."""
        return self._look(lambda: self._telnyx.holds)

    # The world as a whole

    def snapshot(self, name: str) -> None:
        """Keep this moment of the world, when no webhook is on its way. Raises ValueError if it cannot be kept."""
        __tracebackhide__ = True
        self._do(self._telnyx.snapshot, name)

    def restore(self, name: str) -> None:
        """Go back to a moment that was kept. Calls are the same by their ids; what happened since has not."""
        __tracebackhide__ = True
        self._do(self._telnyx.restore, name)

    def reset(self, seed: int | None = None) -> None:
        """Begin anew: nothing has happened, and nobody is there but those of the marker's scenario."""
        __tracebackhide__ = True
        self._do(self._telnyx.reset, seed)

    def redeliver(self, webhook: Happened, url: str | None = None) -> None:
        """Send a webhook once more, as its next attempt; `url` sends it elsewhere. ValueError if it cannot be."""
        __tracebackhide__ = True
        self._do(self._telnyx.redeliver, webhook, url)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the control interface, `/_mock`. Raises ValueError with what it refuses."""
        __tracebackhide__ = True
        answer: dict[str, Any] = self._do(self._telnyx.control, method, path, body)
        return answer

    def close(self) -> None:
        """End the world; raises the first thing that the code under test has raised and no wait has told of."""
        with self._at_the_end:
            self._server.end(self._telnyx)

    def run(self, call: AsyncCall, act: str, *given: Any, **named: Any) -> Any:
        """Let somebody do something in a call."""
        __tracebackhide__ = True
        return self._do(getattr(call, act), *given, **named)

    def look(self, read: Callable[[], T]) -> T:
        """Read something in the event loop of the world."""
        return self._look(read)

    def _do(self, verb: Callable[..., Any], *given: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        try:
            return self._server.do(verb(*given, **named))
        except (NothingCame, ValueError) as error:  # where it came from in the other thread is of no interest
            raise error.with_traceback(None) from None

    def _look(self, read: Callable[[], T]) -> T:
        async def looked() -> T:
            return read()

        return self._server.do(looked(), READ_SECS)
