"""A repository as REST tells it, and what that means."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from ...domain.errors import AggregatorError, Unavailable
from ...domain.repository import Repository
from ...domain.repository_address import RepositoryAddress, address_of
from .node import known, license_of, missing, unix_seconds


class _License(Struct):
    spdx_id: str | None = None


class Document(Struct, kw_only=True):
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
    license: _License | None = None
    topics: tuple[str, ...] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    pushed_at: datetime | None = None

    @property
    def open_pull_requests(self) -> int | UnsetType:
        """The number of open pull requests as far as the document tells it: where nothing at all is open."""
        return 0 if self.open_issues_count == 0 else UNSET


def repository_of(
    address: RepositoryAddress, document: Document, *, open_pull_requests: int | UnsetType
) -> Repository | AggregatorError:
    """Return the repository that was told of when `address` was asked for, or why there is none.

    Unless the open pull requests are known, the open issues are not.
    """
    own = address_of(f"https://{address.host}/{document.full_name}")
    if own is None:
        return Unavailable(f"{address.url}: GitHub's answer is about {document.full_name!r:.60}")
    if document.private:
        return missing(address)
    both = document.open_issues_count
    return Repository(
        address=own,
        stars=known(document.stargazers_count),
        watchers=known(document.subscribers_count),
        forks=known(document.forks_count),
        open_issues=UNSET if both is None or open_pull_requests is UNSET else max(both - open_pull_requests, 0),
        open_pull_requests=open_pull_requests,
        is_archived=known(document.archived),
        license=license_of(document.license.spdx_id if document.license else None),
        topics=known(document.topics),
        created=unix_seconds(document.created_at),
        updated=unix_seconds(document.updated_at),
        pushed=unix_seconds(document.pushed_at),
    )
