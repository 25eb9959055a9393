"""The command line as a user's machine runs it: real processes that may be killed, and all that these start."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pyf.aggregator.settings import Settings

# Everything that a command starts inherits this variable, by which it is found however early its parent dies.
_MARK = "PYF_TEST_COMMAND"
_numbers = count(1)


@dataclass(frozen=True)
class Ended:
    """How a command has ended; `errors` are the lines on stderr but for the one that names the collection."""

    code: int
    output: str
    errors: list[str]


class Command:
    """A command that is running; as a context it leaves no process behind."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str], folder: Path) -> None:
        self._mark = f"{os.getpid()}-{next(_numbers)}"
        # Files, because a pipe would be held open by a worker that outlives its parent.
        self._output, self._errors = folder / f"{self._mark}.out", folder / f"{self._mark}.err"
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pyf.aggregator.cli.aggregator", *arguments],
                env=environment | {_MARK: self._mark},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_until(self, moment: Callable[[], bool]) -> bool:
        """Wait for a moment, and tell whether the command was still running then."""
        while self.is_running and not moment():
            time.sleep(0.001)
        return self.is_running

    def kill(self) -> set[int]:
        """Kill the command's own process with SIGKILL; return the processes that it had started and that were left."""
        started = self.descendants()
        self._process.kill()
        self._process.wait()
        return started

    def end(self, timeout: float = 120) -> Ended:
        """Wait for the end."""
        code = self._process.wait(timeout)
        errors = self._errors.read_text().splitlines()
        return Ended(code, self._output.read_text(), [line for line in errors if not line.startswith("Index: ")])

    def descendants(self) -> set[int]:
        """Return the processes that came of the command and that are still there, itself left out."""
        mark = f"{_MARK}={self._mark}".encode()
        found = set()
        for process in Path("/proc").iterdir():
            try:
                if process.name.isdigit() and mark in (process / "environ").read_bytes().split(b"\0"):
                    found.add(int(process.name))
            except OSError:
                continue  # it has ended, or is another user's
        return found - {self._process.pid}

    def has_left_nobody(self, within: float) -> bool:
        """Wait until no descendant is left, so many seconds at most."""
        deadline = time.monotonic() + within
        while self.descendants():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for left in self.descendants():
            os.kill(left, 9)


class Installation:
    """A user's folder with an index, a since file and settings; its commands read from the registry at `url`.

    There is one profile, `profile`, for the projects that carry `classifier`.
    """

    def __init__(self, folder: Path, url: str, *, profile: str, classifier: str, **settings: Any) -> None:
        self.folder = folder
        self.sqlite_path = Path(settings.get("sqlite_path", folder / "index.sqlite3"))
        folder.mkdir(parents=True, exist_ok=True)
        profiles = folder / "profiles.yaml"
        profiles.write_text(f'profiles: {{{profile}: {{name: {profile}, classifiers: ["{classifier}"]}}}}\n')
        chosen = {
            "pypi_base_url": url,
            "sqlite_path": self.sqlite_path,
            "profiles_file": profiles,
            "default_profile": profile,
            "pypi_rate_limit_delay": 0,
            "pypi_retry_backoff": 0,
            "pypi_max_retries": 1,
            "render_workers": 2,
        }
        inherited = {name: v for name, v in os.environ.items() if name.lower() not in Settings.model_fields}
        self._environment = inherited | {name.upper(): str(v) for name, v in (chosen | settings).items()}

    def start(self, *arguments: str) -> Command:
        """Start `pyfaggregator` with these arguments."""
        return Command(arguments, self._environment, self.folder)

    def run(self, *arguments: str) -> Ended:
        """Run `pyfaggregator` to its end."""
        with self.start(*arguments) as command:
            return command.end()
