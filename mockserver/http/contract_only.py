"""Any OpenAPI description as a server: requests are checked against it, and answers are made up from it.

Nothing is simulated here. An operation whose description cannot be understood is not checked; its answer says so in a
warning on the printed line, and is an empty object if it cannot be made up either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from mockserver.http.contract import Checked, Contract, Found, WrongMethod
from mockserver.http.edge import Answer, Incoming, Watch, refused, serve
from mockserver.http.made_up import MadeUp
from mockserver.sim import errors
from mockserver.sim.errors import Refusal


@dataclass(slots=True)
class ContractOnly:
    """The ASGI application of a description: at its own base path, at the platform's, and without one."""

    contract: Contract
    made_up: MadeUp
    watch: Watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await serve(scope, receive, send, self.handle, self.watch)

    async def handle(self, incoming: Incoming) -> Answer:
        """Answer one request with a success, or with what speaks against it."""
        found = self._find(incoming)
        if found is None:
            raise Refusal(errors.URL_NOT_FOUND)
        if isinstance(found, WrongMethod):
            allowed = (("allow", ", ".join(found.allowed)),)
            return refused(Refusal(errors.METHOD_NOT_ALLOWED), headers=allowed)
        name = found.operation.name
        try:
            checked, warnings = self._check(found, incoming)
            status, body = self.made_up.answer(found.operation, found.path_params, checked.body)
        except Refusal as refusal:
            return refused(refusal, name)
        except Exception as error:
            return Answer(200, {}, name, warnings=(f"its answer cannot be made up: {type(error).__name__}: {error}",))
        return Answer(status, body, name, warnings=warnings)

    def _find(self, incoming: Incoming) -> Found | WrongMethod | None:
        for base in ("", self.base_path, "/v2"):
            if incoming.path.startswith(f"{base}/"):
                found = self.contract.find(incoming.method, incoming.path.removeprefix(base))
                if found is not None:
                    return found
        return None

    @property
    def base_path(self) -> str:
        """The path of the description's first server: `/v2`."""
        servers = self.contract.documents.root.value.get("servers") or [{}]
        return urlsplit(str(servers[0].get("url", ""))).path.rstrip("/")

    def _check(self, found: Found, incoming: Incoming) -> tuple[Checked, tuple[str, ...]]:
        if self._is_secured(found) and not incoming.headers.get("authorization"):
            raise Refusal(errors.NO_CREDENTIALS)
        operation = found.operation
        try:
            checked = operation.check(
                found.path_params, incoming.query, incoming.headers.get("content-type"), incoming.body
            )
        except Refusal:
            raise
        except Exception as error:
            text = f"not checked, since its description cannot be understood: {type(error).__name__}: {error}"
            return Checked(None, {}), (text,)
        return checked, tuple(one.text for one in (*found.forgiven, *checked.forgiven))

    def _is_secured(self, found: Found) -> bool:
        root: Any = self.contract.documents.root.value
        item = self.contract.item(found.operation).value
        node = item.get(found.operation.method.lower()) or {}
        required = node.get("security", root.get("security"))
        return bool(required) and {} not in required
