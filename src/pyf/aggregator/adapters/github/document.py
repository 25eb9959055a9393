"""A repository as REST tells it, and what that means."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from ...domain.errors import AggregatorError, Unavailable
from ...domain.repository import Repository
from ...domain.repository_address import RepositoryRef, parse_repository_url
from .node import unset_if_none, to_license, build_not_found, to_unix_seconds


class _RestLicense(Struct):
    spdx_id: str | None = None


class RestRepository(Struct, kw_only=True):
    """A repository as REST tells it.

    Its `watchers_count` are the stars once more. `open_issues_count` counts pull requests as well.
    """

    full_name: str
    private: bool = False
    archived: bool | None = None
    stargazers_count: int | None = None
    subscribers_count: int | None = None
    forks_count: int | None = None
    open_issues_count: int | None = None
    license: _RestLicense | None = None
    topics: tuple[str, ...] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    pushed_at: datetime | None = None

    @property
    def open_pull_requests(self) -> int | UnsetType:
        """The number of open pull requests as far as the document tells it: where nothing at all is open."""
        return 0 if self.open_issues_count == 0 else UNSET


def parse_rest_repository(
    ref: RepositoryRef, document: RestRepository, *, open_pull_requests: int | UnsetType
) -> Repository | AggregatorError:
    """Return the repository that was told of when `address` was asked for, or why there is none.

    Unless the open pull requests are known, the open issues are not.
    """
    own_ref = parse_repository_url(f"https://{ref.host}/{document.full_name}")
    if own_ref is None:
        return Unavailable(f"{ref.url}: GitHub's answer is about {document.full_name!r:.60}")
    if document.private:
        return build_not_found(ref)
    issues_and_pulls = document.open_issues_count
    return Repository(
        ref=own_ref,
        stars=unset_if_none(document.stargazers_count),
        watchers=unset_if_none(document.subscribers_count),
        forks=unset_if_none(document.forks_count),
        open_issues=UNSET if issues_and_pulls is None or open_pull_requests is UNSET else max(issues_and_pulls - open_pull_requests, 0),
        open_pull_requests=open_pull_requests,
        is_archived=unset_if_none(document.archived),
        license=to_license(document.license.spdx_id if document.license else None),
        topics=unset_if_none(document.topics),
        created=to_unix_seconds(document.created_at),
        updated=to_unix_seconds(document.updated_at),
        pushed=to_unix_seconds(document.pushed_at),
    )
