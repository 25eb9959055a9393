"""`pyf doctor`: check the settings, the services, the index, and how current its collections are."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import partial

from msgspec import Struct, to_builtins
from msgspec.structs import replace
from rich.table import Table
from rich.text import Text

from ...bootstrap import open_index
from ...config.lexicon import load_lexicon
from ...config.profiles import load_profiles
from ...config.scoring import load_scoring_config
from ...domain.errors import AggregatorError, NotFound
from ...domain.redaction import REDACTED, Redactor
from ...domain.repositories import RepositoryRef
from ...domain.text import format_age, pluralize
from ...ports import Dependencies, RepositoryHost
from ...settings import SETTINGS, Secret, Settings, list_warnings, load_settings
from ...usecases.collections.overview import CollectionCondition, CollectionEntry, read_condition, read_overview
from ...usecases.webhooks import Receiver, list_receivers
from ..exit_codes import ExitCode
from ..output import print_json, print_renderable

# Seconds that a service has to answer.
_TIMEOUT = 3.0

_DAY = 86_400

# Age in seconds from which on data counts as stale: a watch or a queue updates collections every few minutes, statuses
# within two weeks, and GitHub data and download counts every week.
_MAX_UPDATE_AGE, _MAX_DATA_AGE = _DAY, 15 * _DAY

# A package to request; a response that it does not exist is an answer as well.
_PROBE = "pip"
# Not every host has it: "not found" is an answer as well.
_PROBE_REPOSITORY = ("pypa", "pip")


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
    redact = Redactor(settings.secrets).redact
    results = [replace(result, detail=redact(result.detail), advice=redact(result.advice)) for result in results]
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
    redact = Redactor(settings.secrets).redact
    for name, source in sorted(settings.sources.items()):
        value = getattr(settings, name)
        yield name.upper(), f"{REDACTED if isinstance(value, Secret) else redact(str(value))} ({source})"


def _check_settings(settings: Settings) -> Iterator[CheckResult]:
    for warning in list_warnings():
        yield CheckResult(check="settings", status=Status.WARNING, detail=warning, advice="Correct it.")
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
    """Verify the index, its collections, and the receivers of webhooks."""
    name = f"index ({settings.engine})"
    try:
        quick_settings = replace(settings, typesense_timeout=_TIMEOUT, typesense_retry_timeout=0.0)
        with open_index(quick_settings, must_exist=True) as deps:
            overview = read_overview(deps)
            location = f"{deps.admin.get_location()}: {pluralize(len(overview.collections), 'collection')}"
            results = [_build_index_result(name, location, deps.admin.verify(), is_empty=not overview.collections)]
            for leftover in overview.leftovers:
                results.append(
                    CheckResult(
                        check=leftover,
                        status=Status.WARNING,
                        detail="a rebuild is filling it, or has failed",
                        advice="Run the rebuild again; it deletes the rest.",
                    )
                )
            results += [_check_collection(deps, entry) for entry in overview.collections]
            return [*results, *(_check_receiver(deps, receiver) for receiver in list_receivers(deps))]
    except AggregatorError as error:
        return [
            CheckResult(check=name, status=Status.FAILED, detail=str(error), advice="Check SQLITE_PATH or TYPESENSE_*.")
        ]


def _build_index_result(name: str, location: str, damages: Sequence[str], *, is_empty: bool) -> CheckResult:
    if damages:
        return CheckResult(
            check=name,
            status=Status.FAILED,
            detail=f"{location}; damaged: {'; '.join(damages)}",
            advice="Restore a backup, or move the file away and fetch again.",
        )
    if is_empty:
        return CheckResult(check=name, status=Status.WARNING, detail=location, advice="Fill one: pyf fetch -p plone.")
    return CheckResult(check=name, status=Status.OK, detail=f"{location}; no damage found")


def _check_collection(deps: Dependencies, entry: CollectionEntry) -> CheckResult:
    check = f"collection {', '.join(entry.names) or entry.info.name}"
    packages = pluralize(entry.info.projects, "package")
    if not entry.info.is_native:
        return CheckResult(check=check, status=Status.OK, detail=f"{packages}, of another program")
    try:
        condition = read_condition(deps, entry)
    except AggregatorError as error:
        advice = "Delete the folder of the search index; the next search builds it."
        return CheckResult(check=check, status=Status.FAILED, detail=f"{packages}; {error}", advice=advice)
    problems = list(_find_problems(entry, condition))
    ages = {
        "updated": condition.update_age,
        "statuses": condition.status_age,
        "repository data": condition.repository_age,
        "downloads": condition.download_age,
    }
    details = [f"{label}: {'never' if age is None else f'{format_age(age)} ago'}" for label, age in ages.items()]
    search = f"search finds {condition.found_count:,} of {condition.visible_count:,}"
    is_broken = condition.found_count != condition.visible_count
    return CheckResult(
        check=check,
        status=Status.FAILED if is_broken else Status.WARNING if problems else Status.OK,
        detail="; ".join([packages, search, *details, *(problem for problem, _ in problems)]),
        advice=" ".join(dict.fromkeys(advice for _, advice in problems)),
    )


def _check_receiver(deps: Dependencies, receiver: Receiver) -> CheckResult:
    status = receiver.status
    detail = f"{pluralize(status.waiting, 'event')} waiting, {status.delivered:,} delivered"
    if not status.error:
        return CheckResult(check=f"webhooks {receiver.name}", status=Status.OK, detail=detail)
    age = format_age(int(deps.now()) - status.failed_at)
    return CheckResult(
        check=f"webhooks {receiver.name}",
        status=Status.WARNING,
        detail=f"{detail}; {pluralize(status.failures, 'failure')} in a row, the last one {age} ago: {status.error}",
        advice="Check WEBHOOK_URLS and the receiver with `pyf webhook test`.",
    )


def _find_problems(entry: CollectionEntry, condition: CollectionCondition) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a collection, and what to do."""
    name = entry.names[0] if entry.names else entry.info.name
    if condition.found_count != condition.visible_count:
        yield "search is incomplete", "Delete the folder of the search index; the next search builds it."
    if condition.update_age is None:
        yield "the cursor is unknown", f"Run `pyf update -t {name}`."
    elif condition.update_age > _MAX_UPDATE_AGE:
        yield "the last update is old", f"Run `pyf update -t {name}`, or `pyf watch`."
    if condition.status_age is not None and condition.status_age > _MAX_DATA_AGE:
        yield "statuses and advisories are old", f"Run `pyf refresh -t {name}`."
    if condition.repository_age is not None and condition.repository_age > _MAX_DATA_AGE:
        yield "repository data is old", f"Run `pyf repositories -t {name}`."
    if condition.download_age is not None and condition.download_age > _MAX_DATA_AGE:
        yield "download counts are old", f"Run `pyf downloads -t {name}`."
    if entry.state.stale_retries:
        count = pluralize(len(entry.state.stale_retries), "package")
        yield f"{count} waiting for a newer response of PyPI", f"Run `pyf update -t {name}`."


def _check_services(settings: Settings) -> list[CheckResult]:
    """Send one or two cheap requests to each service, to all services at the same time."""
    quick_settings = replace(
        settings,
        pypi_timeout=_TIMEOUT,
        pypi_max_retries=0,
        pypistats_max_retries=0,
        github_timeout=_TIMEOUT,
    )

    def read_simple_page(deps: Dependencies) -> str:
        (page,) = deps.registry.check_simple_pages([_PROBE])
        return _to_answer(page.outcome)

    def read_repository(host_name: str, host: RepositoryHost) -> str:
        if (limit := host.get_rate_limit()) is not None:
            return f"answers; {pluralize(limit.remaining, 'request')} left"
        ((result,),) = host.fetch_repositories([RepositoryRef(host_name, *_PROBE_REPOSITORY)])
        return _to_answer(result.outcome)

    def read_counts(deps: Dependencies) -> str:
        ((result,),) = deps.download_stats.fetch_counts([_PROBE])
        return _to_answer(result.outcome)

    source = settings.downloads_source
    with open_index(quick_settings) as deps, ThreadPoolExecutor() as executor:
        calls: list[tuple[str, Callable[[], object], str]] = [
            ("PyPI", lambda: read_simple_page(deps), "PYPI_BASE_URL"),
            ("PyPI changelog", lambda: f"serial {deps.changelog.fetch_last_serial():,}", "PYPI_BASE_URL"),
            *(
                (
                    "GitHub" if host.kind == "github" else host.name,
                    partial(read_repository, host.name, deps.repository_hosts[host.name]),
                    "GITHUB_API_URL" if host.kind == "github" else f"{host.kind.upper()}_HOSTS",
                )
                for host in settings.list_repository_hosts()
            ),
            (source, lambda: read_counts(deps), _get_source_setting(source)),
        ]
        futures = [
            executor.submit(_check, name, call, "{0}", advice=f"Check {setting}.") for name, call, setting in calls
        ]
        queue = executor.submit(_check_queue, settings)
        return [*(future.result() for future in futures), queue.result()]


def _to_answer(outcome: object) -> str:
    """Return "answers" for any response, "not found" included; raise the failure of a service without a response."""
    if isinstance(outcome, AggregatorError) and not isinstance(outcome, NotFound):
        raise outcome
    return "answers"


def _get_source_setting(source: str) -> str:
    """Return the setting with the URL of a source of download counts."""
    return next((name.upper() for name in SETTINGS if name.startswith(source) and name.endswith("url")), "the network")


def _check_queue(settings: Settings) -> CheckResult:
    """Check that Redis answers and that workers are alive; without REDIS_HOST the queue may not be in use."""
    from ...queue.monitoring import get_queue_stats

    try:
        stats = get_queue_stats(settings)
    except AggregatorError as error:
        if "redis_host" not in settings.sources:
            return CheckResult(check="queue", status=Status.OK, detail="not in use: REDIS_HOST is not set")
        advice = "Check REDIS_HOST. Only the task queue needs it."
        return CheckResult(check="queue", status=Status.WARNING, detail=str(error), advice=advice)
    detail = f"{pluralize(len(stats.workers), 'worker')}, {pluralize(stats.pending, 'waiting task')}"
    if not stats.workers:
        return CheckResult(check="queue", status=Status.WARNING, detail=detail, advice="Run `pyf queue worker`.")
    return CheckResult(check="queue", status=Status.OK, detail=detail)


def _check(name: str, call: Callable[[], object], detail: str, *, advice: str) -> CheckResult:
    """Return the result of a call that may raise an expected failure."""
    try:
        return CheckResult(check=name, status=Status.OK, detail=detail.format(call()))
    except AggregatorError as error:
        return CheckResult(check=name, status=Status.FAILED, detail=str(error), advice=advice)


def _print_results(settings: Settings, results: Sequence[CheckResult]) -> None:
    changed = Table.grid(padding=(0, 2))
    for name, value in _list_changed_settings(settings):
        changed.add_row(name, Text(value, overflow="fold"))
    if changed.row_count:
        print_renderable(Text("Settings that differ from the defaults", style="bold"))
        print_renderable(changed)
        print_renderable("")
    table = Table.grid(padding=(0, 2))
    for result in results:
        detail = Text(result.detail, overflow="fold")
        if result.advice:
            detail.append(f"\n→ {result.advice}", style="bold")
        table.add_row(Text(result.status.value, style=_STYLES[result.status]), Text(result.check), detail)
    print_renderable(table)
