"""Rendering with workers that hang, crash and are killed: no README is lost and no worker remains."""

import logging
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from pyf.aggregator.adapters.rendering.renderer import PooledRenderer
from pyf.aggregator.domain.readme.plain_text import Readme, RenderedReadme, render_plain_text
from pyf.aggregator.domain.readme.rendering import render_readme
from pyf.aggregator.testing.caches import FakeRenderCache
from support import faulty_renderer
from support.processes import is_running, is_working, list_children, on_linux, run_python
from support.waiting import wait_until

pytestmark = on_linux

GOOD = [Readme(text=f"# Number {n}\n\n*text*", content_type="text/markdown") for n in range(20)]
# Takes minutes in a renderer that holds the interpreter lock: it numbers equal headings one by one.
ENDLESS = Readme(text="# a\n\n" * 60_000, content_type="text/markdown")
# Takes minutes in a renderer written in Python.
ENDLESS_IN_PYTHON = Readme(
    text=f"+{'-+' * 4000}\n" + f"|{' |' * 4000}\n+{'-+' * 4000}\n" * 30, content_type="text/x-rst"
)
# Takes many gigabytes: each row is filled up to the width of the first.
GREEDY = Readme(text=f"|{'a|' * 20_000}\n|{'-|' * 20_000}\n" + "|x|\n" * 2_000, content_type="text/markdown")


def find_workers() -> set[int]:
    """Return the rendering workers among the child processes, which may include servers of other tests."""
    return {
        pid
        for pid in list_children(os.getpid())
        if re.search("rendering.worker|faulty_renderer", read_command_line(pid))
    }


def read_command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.fixture
def cache() -> FakeRenderCache:
    return FakeRenderCache()


@pytest.fixture
def renderer(cache: FakeRenderCache) -> Iterator[PooledRenderer]:
    with PooledRenderer(cache, workers=2) as renderer:
        yield renderer


def create_faulty_renderer(fault: str, pid_log: Path, cache: FakeRenderCache) -> PooledRenderer:
    program = [sys.executable, faulty_renderer.__file__, fault, str(pid_log)]
    return PooledRenderer(cache, workers=1, program=program)


@pytest.mark.parametrize("readme", [ENDLESS, ENDLESS_IN_PYTHON], ids=["rust", "python"])
def test_time_limit_affects_one_readme(readme: Readme, cache: FakeRenderCache) -> None:
    with PooledRenderer(cache, workers=2, time_limit=2.0) as renderer:
        results = renderer.render([*GOOD, readme, *GOOD[::-1]]).result()

    assert list(results) == [render_readme(r) for r in GOOD] + [render_plain_text(readme)] + [
        render_readme(r) for r in GOOD[::-1]
    ]


def test_time_limit_result_is_cached(cache: FakeRenderCache, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        with PooledRenderer(cache, workers=1, time_limit=0.5) as renderer:
            both = [renderer.render([ENDLESS]), renderer.render([ENDLESS])]
            assert [list(rendering.result()) for rendering in both] == [[render_plain_text(ENDLESS)]] * 2

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "it takes longer than 0.5 s: '# a" in caplog.text


def test_memory_limit_gives_plain_text(renderer: PooledRenderer) -> None:
    results = renderer.render([GREEDY, *GOOD]).result()

    assert list(results) == [render_plain_text(GREEDY), *map(render_readme, GOOD)]


@pytest.mark.parametrize("fault", ["dies", "dies while answering"])
def test_readme_that_ends_two_workers_is_cached_as_plain_text(
    fault: str, tmp_path: Path, cache: FakeRenderCache
) -> None:
    with create_faulty_renderer(fault, tmp_path / "pid_log", cache) as renderer:
        first = renderer.render(GOOD[:1]).result()
        again = renderer.render(GOOD[:1]).result()

    assert list(first) == list(again) == [render_plain_text(GOOD[0])]
    assert len((tmp_path / "pid_log").read_text().split()) == 2


@pytest.mark.parametrize("fault", ["dies once", "does not begin once"])
def test_readme_is_retried_after_worker_crash(fault: str, tmp_path: Path, cache: FakeRenderCache) -> None:
    with create_faulty_renderer(fault, tmp_path / "pid_log", cache) as renderer:
        [results] = renderer.render(GOOD[:1]).result()

    _, second = (tmp_path / "pid_log").read_text().split()
    assert results.html == f"by {second}"


def test_killed_workers_result_is_not_cached(tmp_path: Path, cache: FakeRenderCache) -> None:
    with create_faulty_renderer("is killed", tmp_path / "pid_log", cache) as renderer:
        results = renderer.render(GOOD[:1]).result()
    with PooledRenderer(cache, workers=1) as renderer:
        later = renderer.render(GOOD[:1]).result()

    assert list(results) == [render_plain_text(GOOD[0])]
    assert list(later) == [render_readme(GOOD[0])]


def test_defect_is_logged_and_not_cached(
    tmp_path: Path, cache: FakeRenderCache, caplog: pytest.LogCaptureFixture
) -> None:
    with create_faulty_renderer("fails", tmp_path / "pid_log", cache) as renderer:
        results = renderer.render(GOOD[:1]).result()
    with PooledRenderer(cache, workers=1) as renderer:
        repaired = renderer.render(GOOD[:1]).result()

    assert list(results) == [render_plain_text(GOOD[0])]
    assert list(repaired) == [render_readme(GOOD[0])]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "it is our fault" in caplog.text


def test_workers_that_cannot_start_are_an_error(tmp_path: Path, cache: FakeRenderCache) -> None:
    with (
        create_faulty_renderer("never begins", tmp_path / "pid_log", cache) as renderer,
        pytest.raises(RuntimeError, match="exit before they are ready"),
    ):
        renderer.render(GOOD[:1]).result()

    with PooledRenderer(cache, workers=1) as renderer:
        assert list(renderer.render(GOOD[:1]).result()) == [render_readme(GOOD[0])]


def test_busy_worker_killed_loses_no_readme(tmp_path: Path, cache: FakeRenderCache) -> None:
    with create_faulty_renderer("hangs once", tmp_path / "pid_log", cache) as renderer:
        rendering = renderer.render(GOOD)
        wait_until((tmp_path / "is_busy").exists)
        os.kill(int((tmp_path / "pid_log").read_text()), signal.SIGKILL)
        results = rendering.result()

    _, second = (tmp_path / "pid_log").read_text().split()
    assert [rendered.html for rendered in results] == [f"by {second}"] * len(GOOD)


def test_idle_worker_killed_is_replaced(renderer: PooledRenderer) -> None:
    renderer.render(GOOD[:10]).result()
    for pid in find_workers():
        os.kill(pid, signal.SIGKILL)

    assert list(renderer.render(GOOD).result()) == [render_readme(readme) for readme in GOOD]


def test_prestart_starts_workers(renderer: PooledRenderer) -> None:
    renderer.prestart()
    renderer.prestart()
    wait_until(lambda: len(find_workers()) == 2)

    assert list(renderer.render(GOOD).result()) == [render_readme(readme) for readme in GOOD]
    assert len(find_workers()) == 2


def test_cached_readmes_start_no_worker(cache: FakeRenderCache) -> None:
    with PooledRenderer(cache, workers=1) as renderer:
        renderer.render(GOOD).result()

    with PooledRenderer(cache, workers=1) as renderer:
        renderer.render(GOOD).result()

        assert find_workers() == set()


def test_close_kills_busy_workers(cache: FakeRenderCache) -> None:
    renderer = PooledRenderer(cache, workers=2, time_limit=60)
    rendering = renderer.render([ENDLESS, ENDLESS_IN_PYTHON, *GOOD])
    wait_until(lambda: sum(map(is_working, find_workers())) == 2)

    renderer.close()

    assert find_workers() == set()
    with pytest.raises(CancelledError):
        rendering.result()
    with pytest.raises(RuntimeError, match="closed"):
        renderer.render(GOOD)


def test_close_without_use(cache: FakeRenderCache) -> None:
    PooledRenderer(cache).close()

    assert find_workers() == set()


def test_close_while_workers_start(cache: FakeRenderCache) -> None:
    with PooledRenderer(cache, workers=2) as renderer:
        renderer.prestart()
        wait_until(lambda: len(find_workers()) > 0)

    assert find_workers() == set()


PARENT = """
from pyf.aggregator.testing.caches import FakeRenderCache
from pyf.aggregator.adapters.rendering.renderer import PooledRenderer
from pyf.aggregator.domain.readme.plain_text import Readme
renderer = PooledRenderer(FakeRenderCache(), workers=3, time_limit=600)
renderer.prestart()
endless = "# a\\n\\n" * 60_000
cells = "+" + "-+" * 4000 + "\\n" + ("|" + " |" * 4000 + "\\n+" + "-+" * 4000 + "\\n") * 30
with renderer:
    rendering = renderer.render([
        Readme(text=endless, content_type="text/markdown"), Readme(text=cells, content_type="text/x-rst"),
    ])
    print("under way", flush=True)
    rendering.result()
"""


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_parent(by: signal.Signals) -> None:
    """One worker is idle, one holds the interpreter lock, one runs Python."""
    with run_python(PARENT) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "under way\n"
        wait_until(lambda: len(list_children(parent.pid)) == 3)
        workers = list_children(parent.pid)
        wait_until(lambda: sum(map(is_working, workers)) == 2)

        parent.send_signal(by)

        assert parent.wait(timeout=30) == -by
        wait_until(lambda: not any(map(is_running, workers)))


def test_workers_have_own_process_group() -> None:
    with run_python(PARENT) as parent:
        wait_until(lambda: len(list_children(parent.pid)) == 3)

        groups = {os.getpgid(pid) for pid in list_children(parent.pid)}

    assert os.getpgid(0) not in groups


def test_forked_child_starts_own_workers() -> None:
    """A task queue forks its worker processes after the setup."""
    program = """
import os
from pyf.aggregator.testing.caches import FakeRenderCache
from pyf.aggregator.adapters.rendering.renderer import PooledRenderer
from pyf.aggregator.domain.readme.plain_text import Readme
readmes = [Readme(text=f"*{n}*", content_type="text/markdown") for n in range(30)]
with PooledRenderer(FakeRenderCache(), workers=1) as renderer:
    renderer.render(readmes[:1]).result()
    under_way = renderer.render(readmes[1:20])
    pid = os.fork()
    html = [made.html for made in renderer.render(readmes[10:]).result()]
    assert html == [f"<p><em>{n}</em></p>\\n" for n in range(10, 30)], html
    if pid:
        assert under_way.result()[0].html == "<p><em>1</em></p>\\n"
        assert os.waitpid(pid, 0)[1] == 0
print("done")
"""
    with run_python(program, PYTHONWARNINGS="ignore") as parent:
        output, _ = parent.communicate(timeout=60)

    assert output == "done\ndone\n"
    assert parent.returncode == 0


def test_main_process_imports_no_renderer() -> None:
    program = """
import sys
from pyf.aggregator.testing.caches import FakeRenderCache
from pyf.aggregator.adapters.rendering.renderer import PooledRenderer
from pyf.aggregator.domain.readme.plain_text import Readme
with PooledRenderer(FakeRenderCache(), workers=1, time_limit=1) as renderer:
    readmes = [Readme(text="# a\\n\\n" * 60_000, content_type="text/markdown"), Readme(text="x")]
    assert renderer.render(readmes).result()[1].html == "<p>x</p>\\n"
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"docutils", "readme_renderer", "nh3", "comrak", "pygments"}))
"""
    with run_python(program, PYTHONWARNINGS="ignore") as parent:
        output, _ = parent.communicate(timeout=60)

    assert output == "[]\n"


def test_worker_imports_only_renderers() -> None:
    program = """
import sys
import pyf.aggregator.adapters.rendering.worker, pyf.aggregator.domain.readme.rendering
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"aiohttp", "asyncio", "click", "sqlite3", "pydantic"}))
"""
    with run_python(program) as worker:
        output, _ = worker.communicate(timeout=60)

    assert output == "[]\n"


def test_worker_ignores_modules_of_current_folder(
    tmp_path: Path, cache: FakeRenderCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nh3.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)

    with PooledRenderer(cache, workers=1) as renderer:
        assert list(renderer.render(GOOD[:1]).result()) == [render_readme(GOOD[0])]


def test_finished_readmes_are_cached_in_batches() -> None:
    class Counted(FakeRenderCache):
        batches = 0

        def set_many(self, rendered: Mapping[str, RenderedReadme]) -> None:
            self.batches += 1
            super().set_many(rendered)

    cache = Counted()
    with PooledRenderer(cache, workers=2) as renderer:
        renderings = [renderer.render([readme]) for readme in GOOD]
        renderings[-1].result()
        for rendering in renderings:
            rendering.result()

    assert cache.batches < len(GOOD) / 2
