"""An application in a process of its own, which answers calls so many seconds after it has answered their webhook.

It prints its port. Where the platform is, and the key, is told in the query of its webhook URL.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

AFTER = float(sys.argv[1])


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))["data"]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
        if event["event_type"] == "call.initiated" and event["payload"]["direction"] == "incoming":
            threading.Thread(target=self.answer, args=(event["payload"]["call_control_id"],)).start()

    def answer(self, call: str) -> None:
        told = parse_qs(urlsplit(self.path).query)
        [base_url], [key] = told["base_url"], told["key"]
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        time.sleep(AFTER)
        urlopen(Request(f"{base_url}/calls/{call}/actions/answer", b"{}", headers), timeout=5).close()

    def log_message(self, *_: Any) -> None:
        pass


with suppress(OSError):
    urlopen("http://127.0.0.1:9/", timeout=1).close()  # the first one takes longer than those that are measured
with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
