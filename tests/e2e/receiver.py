"""A partner's receiver, in a process of its own: notes the id of every message that it takes.

`python receiver.py <file> <pause in seconds>` prints its port. `/gone` answers 410.
"""

from __future__ import annotations

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NOTES, PAUSE = Path(sys.argv[1]), float(sys.argv[2])
LOCK = threading.Lock()


class Receiver(BaseHTTPRequestHandler):
    """Takes everything."""

    def do_POST(self) -> None:
        """Notes the path and the id after a while, as one that works slowly."""
        self.rfile.read(int(self.headers["content-length"]))
        time.sleep(PAUSE)
        with LOCK, NOTES.open("a") as notes:
            notes.write(f"{self.path} {self.headers['webhook-id']}\n")
        self.send_response(410 if self.path == "/gone" else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
server.serve_forever()
