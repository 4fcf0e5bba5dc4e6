"""Leads connections to `api.telnyx.com`, port 443, to a simulator; everything else goes where it always went.

`telnyx-mockserver exec` puts the folder of this file first on `PYTHONPATH`, and Python imports it at its start. Names
are looked up in several places and the name is forgotten after some of them, so there are two steps: the platform's
name has an address that nothing else has, and a connection to this address goes to the simulator. A connection that
escapes the second step leads nowhere; it never reaches the platform.

Nothing is imported before the program does it: each change waits for its module. Standard library alone, and old
Python, since this runs in whatever Python the program has.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

NAME, PORT = "api.telnyx.com", 443
PORTS = (PORT, str(PORT), str(PORT).encode(), "https", b"https")
MARK, LONG_MARK = "127.84.69.76", "100::84:69:76"
"""The address that nothing else has, for a simulator with an address of the older and of the newer kind."""


class Lead:
    """The way to the simulator at `there`, for the modules that look up names and connect."""

    def __init__(self, there: tuple[str, int]) -> None:
        self.there = there
        self.mark = LONG_MARK if ":" in there[0] else MARK

    def marked(self, host: Any, port: Any) -> Any:
        """What to look up instead of a host."""
        text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        return self.mark if isinstance(text, str) and text.rstrip(".").lower() == NAME and port in PORTS else host

    def led(self, address: Any) -> Any:
        """Where to connect to instead of an address."""
        return self.there if isinstance(address, tuple) and address[:2] == (self.mark, PORT) else address

    def socket(self, module: Any) -> None:
        """Whoever looks up a name in Python, for asyncio, trio or gevent too, does it here in the end."""
        lookup = module._socket.getaddrinfo

        def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            return lookup(self.marked(host, port), port, *args, **kwargs)

        module._socket.getaddrinfo = getaddrinfo
        self.connections(module)

    def connections(self, module: Any) -> None:
        """A class of sockets."""
        for name in ("connect", "connect_ex"):
            self._connection(module.socket, name)

    def _connection(self, kind: Any, name: str) -> None:
        original = getattr(kind, name)

        def connect(this: Any, address: Any, *args: Any) -> Any:
            return original(this, self.led(address), *args)

        setattr(kind, name, connect)

    def uvloop(self, module: Any) -> None:
        """It has a resolver and connections of its own, in C."""
        loop = module.Loop
        create, lookup = loop.create_connection, loop.getaddrinfo

        async def create_connection(this: Any, factory: Any, host: Any = None, port: Any = None, **kwargs: Any) -> Any:
            marked = self.marked(host, port)
            if marked == self.mark and kwargs.get("ssl") and kwargs.get("server_hostname") is None:
                kwargs["server_hostname"] = host
            if marked == self.mark and port in PORTS:
                host, port = self.there
            return await create(this, factory, host, port, **kwargs)

        async def getaddrinfo(this: Any, host: Any, port: Any, **kwargs: Any) -> Any:
            return await lookup(this, self.marked(host, port), port, **kwargs)

        loop.create_connection, loop.getaddrinfo = create_connection, getaddrinfo

    def aiohttp(self, module: Any) -> None:
        """It may have a resolver in C."""
        resolve = module.TCPConnector._resolve_host

        async def _resolve_host(this: Any, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            return await resolve(this, self.marked(host, port), port, *args, **kwargs)

        module.TCPConnector._resolve_host = _resolve_host

    def install(self) -> None:
        """Change each module when it is imported, or now if it already is."""
        changes: dict[str, Callable[[Any], None]] = {
            "socket": self.socket,
            "gevent._socket3": self.connections,
            "uvloop": self.uvloop,
            "aiohttp.connector": self.aiohttp,
        }
        for name in [name for name in changes if name in sys.modules]:
            changes.pop(name)(sys.modules[name])
        sys.meta_path.insert(0, Imports(changes))


class Imports:
    """Finds the modules that are to be changed as they are found without it; all others it leaves alone."""

    def __init__(self, changes: dict[str, Callable[[Any], None]]) -> None:
        self.changes = changes

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        change = self.changes.get(name)
        if change is None:
            return None
        for finder in [finder for finder in sys.meta_path if finder is not self]:
            spec = finder.find_spec(name, path, target) if hasattr(finder, "find_spec") else None
            if spec is not None:
                return changed(spec, change)
        return None


def changed(spec: ModuleSpec, change: Callable[[Any], None]) -> ModuleSpec:
    """The same module, changed as soon as it is there; where that fails, it is said and the module stays as it was."""
    loader: Any = spec.loader
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        try:
            change(module)
        except Exception as error:
            sys.stderr.write(f"telnyx-mockserver: {module.__name__} is not led to the simulator: {error!r}\n")

    loader.exec_module = exec_module
    return spec


def go_on() -> None:
    """Import the `sitecustomize` that this one stands before, if there is one."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    rest = [path for path in sys.path if os.path.abspath(path or ".") != here]  # noqa: PTH100
    spec = PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


address, _, number = os.environ.get("TELNYX_MOCKSERVER_REAL_ADDRESS", "").rpartition(" ")
if address and number.isdigit():
    Lead((address, int(number))).install()
go_on()
