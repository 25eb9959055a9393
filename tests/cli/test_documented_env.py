"""The documented lines of `.env`: this version can read each of them, also those that it does not use."""

from pathlib import Path

import pytest

from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.settings import SETTINGS, load_settings
from support.cli_runner import CommandRunner

DOCUMENTED = """
DEFAULT_PROFILE=flask
# A whole line is a comment
TYPESENSE_HOST=search.example
TYPESENSE_PORT=9108
TYPESENSE_PROTOCOL=https
TYPESENSE_API_KEY=<a_key_that_is_a_secret>
TYPESENSE_TIMEOUT=60

GITHUB_TOKEN=<a_token_that_is_a_secret>
GITHUB_REQUEST_DELAY=0.5

PYPI_RATE_LIMIT_DELAY=0.25
PYPI_MAX_RETRIES=7
PYPI_RETRY_BACKOFF=1.5
PYPI_MAX_WORKERS=11
PYPI_BATCH_SIZE=123

PYPISTATS_RATE_LIMIT_DELAY=3.0
PYPISTATS_MAX_RETRIES=4
PYPISTATS_RETRY_BACKOFF=1.0

REDIS_HOST=queue.example:6379
TYPESENSE_COLLECTION=mine

CELERY_SCHEDULE_RSS_PROJECTS=*/2 * * * *    # every other minute
CELERY_SCHEDULE_RSS_RELEASES=               # never
CELERY_SCHEDULE_WEEKLY_REFRESH=0 1 * * 1    # Monday 1:00 AM UTC
CELERY_SCHEDULE_WEEKLY_DOWNLOADS=0 2 * * 1  # Monday 2:00 AM UTC
CELERY_SCHEDULE_MONTHLY_FETCH=0 3 2 * *     # 2nd of month, 3:00 AM UTC

RSS_DEDUP_TTL_NEW=3600                      # an hour (0 = off)
RSS_DEDUP_TTL_UPDATE=0                      # off
# RSS_DEDUP_TTL=86400                       # what it was called

CELERY_WORKER_POOL=solo                # one after the other
CELERY_WORKER_CONCURRENCY=4            # threads
CELERY_WORKER_PREFETCH_MULTIPLIER=2    # tasks
CELERY_TASK_SOFT_TIME_LIMIT=200        # seconds
CELERY_TASK_TIME_LIMIT=400             # seconds
"""
UNDERSTOOD = {
    "pypi_rate_limit_delay": 0.25,
    "pypi_max_retries": 7,
    "pypi_retry_backoff": 1.5,
    "pypi_max_workers": 11,
    "pypi_batch_size": 123,
    "pypistats_rate_limit_delay": 3.0,
    "pypistats_max_retries": 4,
    "pypistats_retry_backoff": 1.0,
    "default_profile": "flask",
    "github_request_delay": 0.5,
    "typesense_host": "search.example",
    "typesense_port": 9108,
    "typesense_protocol": "https",
    "typesense_timeout": 60,
    "redis_host": "queue.example:6379",
    "typesense_collection": "mine",
    "rss_dedup_ttl_new": 3600,
    "rss_dedup_ttl_update": 0,
    "celery_worker_pool": "solo",
    "celery_worker_concurrency": 4,
    "celery_worker_prefetch_multiplier": 2,
    "celery_task_soft_time_limit": 200,
    "celery_task_time_limit": 400,
    "celery_schedule_rss_projects": "*/2 * * * *",
    "celery_schedule_rss_releases": "",
    "celery_schedule_weekly_refresh": "0 1 * * 1",
    "celery_schedule_weekly_downloads": "0 2 * * 1",
    "celery_schedule_monthly_fetch": "0 3 2 * *",
}


@pytest.fixture(autouse=True)
def _isolate_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in SETTINGS:
        monkeypatch.delenv(name.upper(), raising=False)


def read_understood_settings() -> dict[str, object]:
    settings = load_settings()
    values = {name: getattr(settings, name) for name in SETTINGS.keys() - {"pypi_base_url"}}
    return {name: value for name, value in values.items() if value != SETTINGS[name].default}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_documented_lines_are_read_from_file(tmp_path: Path, line_end: str, mark: bytes) -> None:
    (tmp_path / ".env").write_bytes(mark + DOCUMENTED.lstrip().replace("\n", line_end).encode())

    assert read_understood_settings() == UNDERSTOOD


def test_documented_lines_are_read_from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in DOCUMENTED.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            monkeypatch.setenv(name, value if "#" in value else f"{value}  # kept by systemd")

    assert read_understood_settings() == UNDERSTOOD


def test_command_works_with_all_documented_lines(shell: CommandRunner) -> None:
    (shell.folder / ".env").write_text(DOCUMENTED.replace("0.25", "0"))

    result = shell.run("-f", "--json")

    assert (result.code, result.report["indexed"], result.report["collection"]) == (0, 1, "flask")


def test_name_without_value_is_unset(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PYPI_MAX_WORKERS\nPYPI_BATCH_SIZE=\nCELERY_SCHEDULE_MONTHLY_FETCH\n")

    assert read_understood_settings() == {}


def test_empty_schedule_means_never(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CELERY_SCHEDULE_WEEKLY_REFRESH=\nCELERY_SCHEDULE_MONTHLY_FETCH=    # never\n")

    assert read_understood_settings() == {"celery_schedule_weekly_refresh": "", "celery_schedule_monthly_fetch": ""}


@pytest.mark.parametrize(
    "address", ["http://pypi.example:99999", "http://[::1/", "http://:80/", "https://pypi.example:0"]
)
def test_invalid_url_is_rejected_by_name(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYPI_BASE_URL", address)

    with pytest.raises(Invalid, match=r"PYPI_BASE_URL: must be an http or https URL"):
        load_settings()
