"""Several processes that serve on one socket, each with its part of those who ask."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

# Seconds between two looks at whether all are ready, and those after which it is taken for granted.
_POLL_INTERVAL, _STARTUP_TIMEOUT = 0.05, 60.0


class SingleAcceptLoop(asyncio.SelectorEventLoop):
    """Takes one connection at a time, so that each process that serves on a socket gets its part of them.

    asyncio would take all that wait, and leave none to a process that looks a moment later.
    """

    async def create_server(
        self, *args: Any, sock: socket.socket | None = None, backlog: int = 100, **options: Any
    ) -> asyncio.Server:
        server = await super().create_server(*args, sock=sock, backlog=1, **options)
        if sock:
            sock.listen(backlog)  # so many may wait, who are taken one at a time
        return server


class WorkerSupervisor(Multiprocess):
    """Processes that are replaced when they die; `told` is called once all of them answer."""

    def __init__(self, config: uvicorn.Config, server_socket: socket.socket, on_ready: Callable[[], None]) -> None:
        super().__init__(config, [server_socket])
        self._on_ready = on_ready

    def init_processes(self) -> None:
        super().init_processes()
        deadline = time.monotonic() + _STARTUP_TIMEOUT
        while time.monotonic() < deadline and not all(process.is_ready() for process in self.processes):
            self.handle_signals()
            self.keep_subprocess_alive()
            if self.should_exit.wait(_POLL_INTERVAL):
                return
        self._on_ready()
