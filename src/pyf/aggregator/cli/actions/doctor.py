"""`pyf doctor`: check the settings, the services, the index and how current its collections are."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from socket import create_connection
from urllib.parse import urlsplit

from msgspec import Struct, to_builtins
from msgspec.structs import replace
from rich.table import Table
from rich.text import Text

from ...bootstrap import open_index
from ...config.lexicon import load_lexicon
from ...config.profiles import load_profiles
from ...config.scoring import load_scoring_config
from ...domain.errors import AggregatorError
from ...domain.timestamps import drop_future
from ...ports import Dependencies
from ...settings import Secret, Settings, list_warnings, load_settings
from ...usecases.collections.overview import read_overview
from ..exit_codes import ExitCode
from ..output import print_json, print_renderable

# Seconds that a service has to answer.
_TIMEOUT = 3.0

# Age in seconds from which on a collection counts as stale: a watch or a queue updates it every few minutes.
_STALE_AGE = 86_400


class Status(StrEnum):
    """Result of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


_STYLES = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "red"}


class CheckResult(Struct, frozen=True, kw_only=True):
    """One row of the report; `advice` says what to do."""

    check: str
    status: Status
    detail: str
    advice: str = ""


def run_doctor(*, offline: bool = False, as_json: bool = False) -> ExitCode:
    """Run all checks and print the results."""
    settings = load_settings()
    results = [*_check_settings(settings), *_check_index(settings)]
    if not offline:
        results += _check_services(settings)
    if as_json:
        print_json({"settings": dict(_list_changed_settings(settings)), "checks": to_builtins(results)})
    else:
        _print_results(settings, results)
    statuses = {result.status for result in results}
    if Status.FAILED in statuses:
        return ExitCode.UNAVAILABLE
    return ExitCode.PARTIAL if Status.WARNING in statuses else ExitCode.SUCCESS


def _list_changed_settings(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each setting that is set, with its value and where it comes from; secrets as `***`."""
    in_environment = {name.upper() for name in os.environ}
    for name in sorted(settings.sources):
        value = getattr(settings, name)
        is_secret = isinstance(value, Secret) or any(secret in str(value) for secret in settings.secrets)
        source = "environment" if name.upper() in in_environment else ".env"
        yield name.upper(), f"{'***' if is_secret else value} ({source})"


def _check_settings(settings: Settings) -> Iterator[CheckResult]:
    for warning in list_warnings():
        yield CheckResult(check="settings", status=Status.WARNING, detail=warning, advice="Correct the name.")
    loaders: dict[str, Callable[[], object]] = {
        "PROFILES_FILE": lambda: load_profiles(settings.profiles_file),
        "HEALTH_FILE": lambda: load_scoring_config(
            settings.health_file, load_profiles(settings.profiles_file).values()
        ),
        "SYNONYMS_FILE": lambda: load_lexicon(settings.synonyms_file),
    }
    for name, load in loaders.items():
        if getattr(settings, name.lower()):
            yield _check(name, load, "can be used", advice="Correct the file.")
    if not settings.github_token.get_secret_value():
        yield CheckResult(
            check="GITHUB_TOKEN",
            status=Status.WARNING,
            detail="not set: GitHub allows 60 requests an hour",
            advice="Create a token without scopes, and set GITHUB_TOKEN.",
        )


def _check_index(settings: Settings) -> list[CheckResult]:
    """Open the index and look at each collection."""
    name = f"index ({settings.engine})"
    try:
        with open_index(replace(settings, typesense_timeout=_TIMEOUT, typesense_retry_timeout=0.0)) as deps:
            overview = read_overview(deps)
            results = [
                CheckResult(
                    check=name,
                    status=Status.OK if overview.collections else Status.WARNING,
                    detail=f"{deps.admin.get_location()}: {len(overview.collections)} collections",
                    advice="" if overview.collections else "Fill one: pyf fetch -p plone.",
                )
            ]
            for leftover in overview.leftovers:
                results.append(
                    CheckResult(
                        check=leftover,
                        status=Status.WARNING,
                        detail="a rebuild is filling it, or has failed",
                        advice="Run the rebuild again; it deletes the rest.",
                    )
                )
            return [*results, *_check_collections(deps)]
    except AggregatorError as error:
        return [
            CheckResult(check=name, status=Status.FAILED, detail=str(error), advice="Check SQLITE_PATH or TYPESENSE_*.")
        ]


def _check_collections(deps: Dependencies) -> Iterator[CheckResult]:
    for entry in read_overview(deps).collections:
        state, name = entry.state, ", ".join(entry.names) or entry.info.name
        age = int(deps.now()) - drop_future(state.cursor_confirmed_at, deps.now())
        problems = []
        if state.cursor is None:
            problems.append("never updated")
        elif state.cursor_confirmed_at and age > _STALE_AGE:
            problems.append(f"updated {age // _STALE_AGE} days ago")
        if state.stale_retries:
            problems.append(f"{len(state.stale_retries)} packages wait for a newer response of PyPI")
        yield CheckResult(
            check=f"collection {name}",
            status=Status.WARNING if problems else Status.OK,
            detail="; ".join([f"{entry.info.projects:,} packages", *problems]),
            advice=f"Run `pyf update -t {entry.names[0] if entry.names else name}`." if problems else "",
        )


def _check_services(settings: Settings) -> list[CheckResult]:
    """Send one cheap request to each service, at once."""
    quick = replace(settings, pypi_timeout=_TIMEOUT, pypi_max_retries=0, github_timeout=_TIMEOUT)
    urls = {
        "PyPI": (settings.pypi_url, "PYPI_BASE_URL"),
        "GitHub": (settings.github_api_url, "GITHUB_API_URL"),
        "Redis": (settings.redis_url, "REDIS_HOST"),
    }
    source = settings.downloads_source
    for name, value in settings.get_source_settings().items():
        if name.endswith("url"):
            urls[source] = (value, f"{source}_{name}".upper())
    with open_index(quick) as deps, ThreadPoolExecutor(len(urls) + 1) as executor:
        futures = [executor.submit(_check_connection, name, url, setting) for name, (url, setting) in urls.items()]
        changelog = executor.submit(
            _check, "PyPI changelog", deps.changelog.fetch_last_serial, "serial {0:,}", advice="Check PYPI_BASE_URL."
        )
        return [future.result() for future in [*futures, changelog]]


def _check_connection(name: str, url: str, setting: str) -> CheckResult:
    """Open a connection to a service; only the queue needs Redis."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "redis": 6379, "rediss": 6379}.get(parts.scheme, 80)
    start = time.monotonic()
    try:
        with create_connection((parts.hostname or "localhost", port), timeout=_TIMEOUT):
            pass
    except OSError as error:
        is_optional = name == "Redis"
        return CheckResult(
            check=name,
            status=Status.WARNING if is_optional else Status.FAILED,
            detail=f"{parts.hostname}:{port} does not respond: {error.strerror or error}",
            advice=f"Check {setting}." + (" Only the task queue needs it." if is_optional else ""),
        )
    milliseconds = (time.monotonic() - start) * 1000
    return CheckResult(check=name, status=Status.OK, detail=f"{parts.hostname}:{port} answers in {milliseconds:.0f} ms")


def _check(name: str, call: Callable[[], object], detail: str, *, advice: str) -> CheckResult:
    """Return the result of a call that may raise an expected failure."""
    try:
        return CheckResult(check=name, status=Status.OK, detail=detail.format(call()))
    except AggregatorError as error:
        return CheckResult(check=name, status=Status.FAILED, detail=str(error), advice=advice)


def _print_results(settings: Settings, results: list[CheckResult]) -> None:
    changed = Table("setting", "value (source)", title="Settings that differ from the defaults", title_justify="left")
    for name, value in _list_changed_settings(settings):
        changed.add_row(name, Text(value, overflow="fold"))
    if changed.row_count:
        print_renderable(changed)
    table = Table("check", "status", "detail", "what to do")
    for result in results:
        status = Text(result.status.value, style=_STYLES[result.status])
        table.add_row(Text(result.check), status, Text(result.detail, overflow="fold"), Text(result.advice))
    print_renderable(table)
