"""An editor without a screen: the YAML language server, which VS Code and others show, asked over its pipes.

The Language Server Protocol is JSON-RPC with a Content-Length before each message.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).parent
SERVER = HERE / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
CURSOR = "|||"

SETTINGS = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
"""What it is told when it asks; it must not look for schemas on the network."""


class Editor:
    """A folder of files that are open in an editor; `|||` in a text is where the cursor stands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = subprocess.Popen(
            ["node", str(SERVER), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.asked = 0
        self.marks: dict[str, list[dict[str, Any]]] = {}

    def __enter__(self) -> Editor:
        shown = {"completionItem": {"documentationFormat": ["markdown"]}}
        capabilities = {
            "textDocument": {"completion": shown, "hover": {"contentFormat": ["markdown"]}},
            "workspace": {"configuration": True},
        }
        self.ask("initialize", {"processId": None, "rootUri": self.folder.as_uri(), "capabilities": capabilities})
        self.tell("initialized", {})
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.server.kill()
        self.server.communicate()

    def marked(self, text: str) -> list[tuple[int, str]]:
        """The lines of a text that are underlined, and what is said of them."""
        uri = self._open(text)
        while uri not in self.marks:
            self._read()
        return sorted((mark["range"]["start"]["line"] + 1, mark["message"]) for mark in self.marks[uri])

    def completed(self, text: str) -> dict[str, str]:
        """What is offered at the cursor, with what is said of it."""
        items = self._at(text, "completion")["items"]
        documented = ((item["label"], item.get("documentation") or "") for item in items)
        return {label: said["value"] if isinstance(said, dict) else said for label, said in documented}

    def hovered(self, text: str) -> str:
        """What is shown of the key under the cursor."""
        shown: str = self._at(text, "hover")["contents"]["value"]
        return shown

    def _at(self, text: str, what: str) -> Any:
        before, _, behind = text.partition(CURSOR)
        position = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        document = {"uri": self._open(before + behind)}
        return self.ask(f"textDocument/{what}", {"textDocument": document, "position": position})

    def _open(self, text: str) -> str:
        uri = (self.folder / f"unsaved{self.asked}-{len(self.marks)}.yaml").as_uri()
        self.tell(
            "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}}
        )
        return uri

    def ask(self, method: str, params: Any) -> Any:
        self.asked += 1
        number = self.asked
        self._send({"id": number, "method": method, "params": params})
        while (message := self._read()).get("id") != number or "method" in message:
            continue
        return message["result"]

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        assert self.server.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.server.stdin.flush()

    def _read(self) -> dict[str, Any]:
        """The next message; what the server asks is answered, and what it marks is kept."""
        assert self.server.stdout
        length = 0
        while line := self.server.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self.server.stdout.read(length))
        if "method" in message and "id" in message:
            items = (message.get("params") or {}).get("items", ())
            settings = [SETTINGS if item.get("section") == "yaml" else None for item in items]
            self._send({"id": message["id"], "result": settings or None})
        elif message.get("method") == "textDocument/publishDiagnostics":
            self.marks[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message
