"""The receiver of webhooks that the documentation shows, on a free port of this machine."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path
from typing import Any

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the key in the examples of the specification

_PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "webhooks.md"


@contextmanager
def run_documented_receiver() -> Iterator[str]:
    """Serve the receiver in a thread and yield its URL; it prints the payloads."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", _PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    definitions, serving, _ = code.rpartition("HTTPServer((")
    assert serving
    namespace: dict[str, Any] = {}
    former = os.environ.get("WEBHOOK_SECRET")
    os.environ["WEBHOOK_SECRET"] = SECRET
    try:
        exec(definitions, namespace)
    finally:
        if former is None:
            del os.environ["WEBHOOK_SECRET"]
        else:
            os.environ["WEBHOOK_SECRET"] = former
    namespace["Receiver"].log_message = lambda *_arguments: None
    with HTTPServer(("127.0.0.1", 0), namespace["Receiver"]) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
