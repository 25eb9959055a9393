"""Wait for a condition instead of a fixed time."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], *, seconds: float = 120) -> None:
    """Wait for a condition that another thread or process meets; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition was not met within {seconds:g} s"
        time.sleep(0.01)
