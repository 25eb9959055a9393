"""What processes of one worker have counted adds up, whatever becomes of them."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.adapters.shared_counts import SharedCounts
from pyf.aggregator.adapters.task_count import TaskCount
from pyf.aggregator.adapters.traffic import TrafficCount
from pyf.aggregator.ports import TaskTime

NOW = 1_800_000_000.0


def counted(folder: Path, requests: int = 0, *, left: int | None = None, reset: int = 3_600) -> SharedCounts:
    """Return the counts of one more process."""
    traffic, tasks = TrafficCount(now=lambda: NOW), TaskCount(clock=lambda: 0)
    for _ in range(requests):
        traffic.note("pypi", "200")
    if left is not None:
        headers = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": str(reset)}
        traffic.note_headers("github", headers)
    for number in range(requests):
        tasks.begin(str(number), "inspect_project")
        tasks.end(str(number), "done")
    tasks.begin("last", "update_github")
    return SharedCounts(folder, traffic, tasks)


def test_what_others_have_published_is_added_to_what_this_one_counts(tmp_path: Path) -> None:
    ours = counted(tmp_path, 2)
    counted(tmp_path, 3).publish()
    counted(tmp_path, 5)  # has published nothing yet

    assert ours.requests() == {("pypi", "200"): 5}
    assert ours.tasks() == {("inspect_project", "done"): TaskTime(count=5)}
    assert ours.under_way() == {"update_github": 2}


def test_what_this_one_has_published_is_not_added_twice(tmp_path: Path) -> None:
    ours = counted(tmp_path, 2)
    for _ in range(3):
        ours.publish()

    assert ours.requests() == {("pypi", "200"): 2}
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_many_threads_of_a_process_may_publish_at_once(tmp_path: Path) -> None:
    """The tasks of a worker's threads end at the same moment."""
    ours, other = counted(tmp_path, 2), counted(tmp_path)

    with ThreadPoolExecutor(8) as threads:
        for published in [threads.submit(ours.publish) for _ in range(400)]:
            published.result()

    assert other.requests() == {("pypi", "200"): 2}


def test_what_a_process_that_has_ended_counted_stays_and_what_it_was_doing_does_not(tmp_path: Path) -> None:
    other = counted(tmp_path / "other", 3)
    (tmp_path / "other").mkdir()
    other.publish()
    (file,) = (tmp_path / "other").iterdir()
    ended = run(["sh", "-c", "echo $$"], capture_output=True, check=True, text=True).stdout.strip()
    text = file.read_text().replace(f'"process":{os.getpid()}', f'"process":{ended}')
    (tmp_path / file.name).write_text(text)
    ours = counted(tmp_path)

    assert ours.requests() == {("pypi", "200"): 3}
    assert ours.under_way() == {"update_github": 1}


@given(st.lists(st.tuples(st.sampled_from([60, 120]), st.integers(0, 60)), min_size=1, max_size=4))
def test_of_a_limit_what_was_told_last_holds(told: list[tuple[int, int]]) -> None:
    with TemporaryDirectory() as folder:
        parts = [counted(Path(folder), left=left, reset=reset) for reset, left in told]
        for part in parts:
            part.publish()
        (quota,) = parts[0].quotas()

    latest = max(reset for reset, _ in told)
    assert quota.resets_at == NOW + latest
    assert quota.left == min(left for reset, left in told if reset == latest)


def test_a_folder_that_has_gone_with_its_worker_adds_nothing(tmp_path: Path) -> None:
    ours = counted(tmp_path / "gone", 2)

    assert ours.requests() == {("pypi", "200"): 2}
