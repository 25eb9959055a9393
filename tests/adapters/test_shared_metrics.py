"""Counters summed over the processes of one worker."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.adapters.metrics_store import LocalRequestMetrics, LocalTaskMetrics, SharedMetrics
from pyf.aggregator.ports import TaskTotals

NOW = 1_800_000_000.0


def create_process_metrics(
    folder: Path, requests: int = 0, *, remaining: int | None = None, reset: int = 3_600
) -> SharedMetrics:
    """Return the counters of one more process."""
    request_metrics, task_metrics = LocalRequestMetrics(now=lambda: NOW), LocalTaskMetrics(clock=lambda: 0)
    for _ in range(requests):
        request_metrics.record("pypi", "200")
    if remaining is not None:
        headers = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(reset)}
        request_metrics.record_headers("github", headers)
    for number in range(requests):
        task_metrics.start(str(number), "inspect_project")
        task_metrics.finish(str(number), "done")
    task_metrics.start("last", "update_github")
    return SharedMetrics(folder, request_metrics, task_metrics)


def test_published_counts_are_added(tmp_path: Path) -> None:
    ours = create_process_metrics(tmp_path, 2)
    create_process_metrics(tmp_path, 3).publish()
    create_process_metrics(tmp_path, 5)  # has published nothing yet

    assert ours.count_by_outcome() == {("pypi", "200"): 5}
    assert ours.get_totals() == {("inspect_project", "done"): TaskTotals(count=5)}
    assert ours.count_running() == {"update_github": 2}


def test_own_counts_are_not_added_twice(tmp_path: Path) -> None:
    ours = create_process_metrics(tmp_path, 2)
    for _ in range(3):
        ours.publish()

    assert ours.count_by_outcome() == {("pypi", "200"): 2}
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_publish_is_thread_safe(tmp_path: Path) -> None:
    """The tasks of a worker's threads may end at the same moment."""
    ours, other = create_process_metrics(tmp_path, 2), create_process_metrics(tmp_path)

    with ThreadPoolExecutor(8) as threads:
        for published in [threads.submit(ours.publish) for _ in range(400)]:
            published.result()

    assert other.count_by_outcome() == {("pypi", "200"): 2}


def test_ended_process_keeps_counts_but_not_running_tasks(tmp_path: Path) -> None:
    other = create_process_metrics(tmp_path / "other", 3)
    (tmp_path / "other").mkdir()
    other.publish()
    (file,) = (tmp_path / "other").iterdir()
    ended = run(["sh", "-c", "echo $$"], capture_output=True, check=True, text=True).stdout.strip()
    text = file.read_text().replace(f'"pid":{os.getpid()}', f'"pid":{ended}')
    (tmp_path / file.name).write_text(text)
    ours = create_process_metrics(tmp_path)

    assert ours.count_by_outcome() == {("pypi", "200"): 3}
    assert ours.count_running() == {"update_github": 1}


@given(st.lists(st.tuples(st.sampled_from([60, 120]), st.integers(0, 60)), min_size=1, max_size=4))
def test_newest_rate_limit_wins(reports: list[tuple[int, int]]) -> None:
    with TemporaryDirectory() as folder:
        parts = [create_process_metrics(Path(folder), remaining=left, reset=reset) for reset, left in reports]
        for part in parts:
            part.publish()
        (quota,) = parts[0].get_rate_limits()

    latest = max(reset for reset, _ in reports)
    assert quota.resets_at == NOW + latest
    assert quota.remaining == min(left for reset, left in reports if reset == latest)


def test_missing_folder_adds_nothing(tmp_path: Path) -> None:
    ours = create_process_metrics(tmp_path / "gone", 2)

    assert ours.count_by_outcome() == {("pypi", "200"): 2}
