"""`/v2`: the platform's interface and nothing else.

The path of a request: find the operation, see who asks, check the request against the contract, do it at the time that
it is now, answer. The order in which things are refused is the platform's, as far as it is known.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from starlette.types import Receive, Scope, Send

from mockserver.http import ai_errors, faults
from mockserver.http.contract import Contract, Found, WrongMethod
from mockserver.http.edge import Answer, Incoming, Watch, refused, serve
from mockserver.http.made_up import MadeUp
from mockserver.sim import errors
from mockserver.sim.commands import COMMANDS, Request, find_leg, is_command, is_on_leg, status_of
from mockserver.sim.commands import about as about_which
from mockserver.sim.commands import made_up as log_made_up
from mockserver.sim.commands import refused as log_refusal
from mockserver.sim.errors import Refusal, Unsupported
from mockserver.worlds import World, Worlds

NO_RETRY = (("x-should-retry", "false"),)
"""Keeps the official SDKs from asking three times for what is not simulated."""

OF_PLACEHOLDERS = frozenset(
    {errors.INVALID_CALL_CONTROL_ID, errors.INVALID_CONNECTION, errors.NOT_E164, errors.DUPLICATE_RESOURCE}
    | {errors.CONFERENCE_NAME_TAKEN, errors.UNPROCESSABLE, errors.INVALID_FILTER}
)
"""What a request full of placeholders, and of options that exclude each other, is refused with besides a 404;
`--contract` answers with a success instead where the request is about nothing that there is."""


@dataclass(slots=True)
class Api:
    """The ASGI application of `/v2`. `keys` are the API keys that are good; none means all are.

    With `made_up`, what there is is answered truly, and of what there is not a success is made up.
    """

    contract: Contract
    worlds: Worlds
    watch: Watch
    keys: Collection[str] = ()
    made_up: MadeUp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await serve(scope, receive, send, self.handle, self.watch)

    async def handle(self, incoming: Incoming) -> Answer:
        """Answer one request; raises `Refusal` before the operation is known."""
        found = self.contract.find(incoming.method, incoming.path)
        if found is None:
            raise Refusal(errors.URL_NOT_FOUND)
        if isinstance(found, WrongMethod):
            allowed = (("allow", ", ".join(found.allowed)),)
            return refused(Refusal(errors.METHOD_NOT_ALLOWED), headers=allowed)
        name = found.operation.name
        about = found.path_params.get("call_control_id")
        try:
            world = self.worlds.of(key_of(incoming, self.keys, with_spaces=self.made_up is not None))
        except Refusal as refusal:
            return refused(_of_service(found, refusal), name, about)
        answer = await self._obey(world, found, incoming, about)
        return ai_errors.dressed(answer) if found.operation.path.startswith(ai_errors.PREFIX) else answer

    async def _obey(self, world: World, found: Found, incoming: Incoming, about: str | None) -> Answer:
        operation = found.operation
        try:
            if operation.name not in COMMANDS and self.made_up is None:
                raise Unsupported(operation.name)
            checked = operation.check(
                found.path_params, incoming.query, incoming.headers.get("content-type"), incoming.body
            )
        except (Refusal, Unsupported) as refusal:
            request = Request(operation.name, {}, about, found.path_params)
            if self.made_up is None:
                refusal = self._unknown_leg_first(world, request, refusal)
            if is_command(operation.name):
                world.driver.act(log_refusal, world.simulation, request, refusal)
            return refused(refusal, operation.name, about, headers=NO_RETRY if isinstance(refusal, Unsupported) else ())
        forgiven = tuple(one.text for one in (*found.forgiven, *checked.forgiven))
        size = len(incoming.body)
        request = Request(operation.name, checked.body or {}, about, found.path_params, checked.query, forgiven, size)
        header = incoming.headers.get(faults.HEADER)
        if header or world.simulation.world.faults:
            return await faults.suffer(world, request, header, partial(self._execute, world, found))
        return self._execute(world, found, request)

    def _execute(self, world: World, found: Found, request: Request) -> Answer:
        """Do what is asked, and answer."""
        about, forgiven = request.call_control_id, request.forgiven
        if self.made_up is not None and is_on_leg(request.name) and not self._exists(world, request):
            return self._make_up(world, found, request, "there is no such call")
        try:
            body = world.driver.execute(request)
        except Unsupported as refusal:
            if self.made_up is not None:
                return self._make_up(world, found, request, "it is not simulated")
            return refused(refusal, request.name, about, headers=NO_RETRY, warnings=forgiven)
        except Refusal as refusal:
            if self.made_up is not None and _is_of_placeholders(refusal) and not self._exists(world, request):
                return self._make_up(world, found, request, refusal.problems[0].problem.title)
            hint = self._hint(world, about, refusal)
            return refused(refusal, request.name, about, warnings=(*forgiven, *hint))
        about = about_which(request, body)
        return Answer(status_of(request.name), body or None, request.name, about, warnings=forgiven)

    def _exists(self, world: World, request: Request) -> bool:
        """Is the request about something that there is?"""
        named = (*request.params.values(), request.body.get("call_control_id"))
        return any(world.simulation.world.knows(name, world.simulation.now) for name in named)

    def _make_up(self, world: World, found: Found, request: Request, why: str) -> Answer:
        """A success for what is not there, in the log and on the printed line with the reason."""
        assert self.made_up is not None
        status, body = self.made_up.answer(found.operation, found.path_params, request.body)
        if is_command(request.name):
            world.driver.act(log_made_up, world.simulation, request, status, body)
        why = f"made up, as --contract wants it: {why}"
        return Answer(status, body, request.name, request.call_control_id, warnings=(*request.forgiven, why))

    def _unknown_leg_first(
        self, world: World, request: Request, refusal: Refusal | Unsupported
    ) -> Refusal | Unsupported:
        """An id that names no call is refused before a body that is not valid, but after one that cannot be read."""
        if isinstance(refusal, Refusal) and refusal.status == 422 and is_on_leg(request.name):
            try:
                world.driver.act(find_leg, world.simulation, request.call_control_id)
            except Refusal as unknown:
                return unknown
        return refusal

    def _hint(self, world: World, about: str | None, refusal: Refusal | Unsupported) -> tuple[str, ...]:
        """A word to the user whose call lives in the world of another key."""
        if about is None or refusal.problems[0].problem is not errors.INVALID_CALL_CONTROL_ID:
            return ()
        key = self.worlds.where_is(about)
        if key is None or key == world.key:
            return ()
        return (
            f"this call exists in the world of another API key ({hidden(key)}): each key has a world of its own; use "
            "one key everywhere, for `telnyx-mockserver call` and /_mock too (Authorization or TELNYX_API_KEY)",
        )


def _of_service(found: Found, refusal: Refusal) -> Refusal:
    """Bad credentials in the words of the service that is asked: that of recordings has its own, documented."""
    if refusal.status == 401 and found.operation.path.startswith("/recording"):
        return Refusal(errors.RECORDINGS_UNAUTHORIZED)
    return refusal


def _is_of_placeholders(refusal: Refusal) -> bool:
    return refusal.status == 404 or any(raised.problem in OF_PLACEHOLDERS for raised in refusal.problems)


def key_of(incoming: Incoming, good: Collection[str] = (), with_spaces: bool = False) -> str:
    """The API key of a request; 401 where there is none, or none that is good."""
    header = incoming.headers.get("authorization")
    if header is None:
        raise Refusal(errors.NO_CREDENTIALS)
    kind, _, key = header.strip().partition(" ")
    if kind.lower() != "bearer":
        raise Refusal(errors.AUTHENTICATION_FAILED)
    key = key.strip()
    if not key or (" " in key and not with_spaces) or len(key) > 512:
        raise Refusal(errors.MALFORMED_CREDENTIALS)
    if good and key not in good:
        raise Refusal(errors.UNKNOWN_CREDENTIALS)
    return key


def hidden(key: str) -> str:
    """A key as it may be shown: its beginning."""
    return f"{key[:7]}…"
