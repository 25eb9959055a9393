"""A source repository as its host describes it, and the fields that its projects' documents get from that."""

from msgspec import UNSET, Struct, UnsetType

from .repository_address import RepositoryRef
from .schema import RepositoryFields


class Repository(Struct, frozen=True, kw_only=True):
    """What a host says about a repository; what nobody said is Unset, never 0.

    `address` is the one it has now: another than was asked for where it moved. Issues are counted without pull
    requests; times are Unix seconds. A repository without any commit has neither a last commit nor, as a rule, a push.
    """

    ref: RepositoryRef
    stars: int | UnsetType = UNSET
    watchers: int | UnsetType = UNSET
    forks: int | UnsetType = UNSET
    open_issues: int | UnsetType = UNSET
    closed_issues: int | UnsetType = UNSET
    open_pull_requests: int | UnsetType = UNSET
    is_archived: bool | UnsetType = UNSET
    license: str | UnsetType = UNSET
    topics: tuple[str, ...] | UnsetType = UNSET
    latest_release: str | UnsetType = UNSET
    created: int | UnsetType = UNSET
    updated: int | UnsetType = UNSET
    pushed: int | UnsetType = UNSET
    last_commit: int | UnsetType = UNSET


class CachedRepository(Struct, frozen=True, kw_only=True):
    """What was learned about an address: the repository there, or None where the host said that there is none.

    `learned_at` is when, in Unix seconds; `is_partial` says that it came from a host that tells only parts.
    """

    ref: RepositoryRef
    repository: Repository | None
    fetched_at: int
    is_partial: bool = False


def to_repository_fields(repository: Repository, *, is_verified: bool | UnsetType, checked_at: int) -> RepositoryFields:
    """Return the fields of a project with this repository; `checked` is when its host was asked."""
    return RepositoryFields(
        github_url=repository.ref.url,
        github_verified=is_verified,
        github_stars=repository.stars,
        github_watchers=repository.watchers,
        github_forks=repository.forks,
        github_open_issues=repository.open_issues,
        github_closed_issues=repository.closed_issues,
        github_open_pull_requests=repository.open_pull_requests,
        github_archived=repository.is_archived,
        github_license=repository.license,
        github_topics=repository.topics,
        github_latest_release=repository.latest_release,
        github_created=repository.created,
        github_updated=repository.updated,
        github_pushed=repository.pushed,
        github_last_commit=repository.last_commit,
        github_checked=checked_at,
    )
