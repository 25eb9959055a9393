"""A repository as GraphQL tells it, and what that means.

A repository as REST tells it, and what that means.
"""

from datetime import datetime
from typing import TypeVar

from msgspec import UNSET, DecodeError, Struct, UnsetType
from msgspec.json import Decoder

from ...domain.errors import AggregatorError, NotFound, Unavailable
from ...domain.repositories import Repository, RepositoryRef, parse_repository_url

T = TypeVar("T")

# What SPDX says where a licence is there and is none that can be named.
_NO_LICENSE = frozenset({"NOASSERTION", "NONE", ""})


class _Count(Struct, rename="camel"):
    total_count: int


class _GraphQLLicense(Struct, rename="camel"):
    spdx_id: str | None = None


class _Topic(Struct):
    name: str


class _RepositoryTopic(Struct):
    topic: _Topic


class _Topics(Struct):
    nodes: list[_RepositoryTopic | None] | None = None


class _Release(Struct, rename="camel"):
    tag_name: str


class _Commit(Struct, rename="camel"):
    committed_date: datetime | None = None


class _Branch(Struct):
    target: _Commit | None = None


class GraphQLRepository(Struct, rename="camel", kw_only=True):
    """A repository as GraphQL tells it; what an error keeps back is null, whatever the schema says."""

    name_with_owner: str
    is_private: bool
    is_archived: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    pushed_at: datetime | None = None
    stargazer_count: int | None = None
    fork_count: int | None = None
    watchers: _Count | None = None
    open_issues: _Count | None = None
    closed_issues: _Count | None = None
    open_pull_requests: _Count | None = None
    license_info: _GraphQLLicense | None = None
    repository_topics: _Topics | None = None
    latest_release: _Release | None = None
    default_branch_ref: _Branch | None = None


_repository_decoder = Decoder(GraphQLRepository)


def parse_graphql_repository(ref: RepositoryRef, raw: bytes) -> Repository | AggregatorError:
    """Return the repository that was told of when `address` was asked for, or why there is none."""
    try:
        node = _repository_decoder.decode(raw)
    except (DecodeError, UnicodeDecodeError) as error:
        return Unavailable(f"{ref.url}: GitHub's answer can't be read ({error})")
    own_ref = parse_repository_url(f"https://{ref.host}/{node.name_with_owner}")
    if own_ref is None:
        return Unavailable(f"{ref.url}: GitHub's answer is about {node.name_with_owner!r:.60}")
    if node.is_private:  # the token may see it, the readers of the index may not
        return build_not_found(ref)
    target = node.default_branch_ref.target if node.default_branch_ref else None
    topics = node.repository_topics.nodes if node.repository_topics else None
    return Repository(
        ref=own_ref,
        stars=unset_if_none(node.stargazer_count),
        watchers=to_total_count(node.watchers),
        forks=unset_if_none(node.fork_count),
        open_issues=to_total_count(node.open_issues),
        closed_issues=to_total_count(node.closed_issues),
        open_pull_requests=to_total_count(node.open_pull_requests),
        is_archived=unset_if_none(node.is_archived),
        license=to_license(node.license_info.spdx_id if node.license_info else None),
        topics=UNSET if topics is None else tuple(topic_node.topic.name for topic_node in topics if topic_node),
        latest_release=node.latest_release.tag_name if node.latest_release else UNSET,
        created=to_unix_seconds(node.created_at),
        updated=to_unix_seconds(node.updated_at),
        pushed=to_unix_seconds(node.pushed_at),
        last_commit=to_unix_seconds(target.committed_date if target else None),
    )


def build_not_found(ref: RepositoryRef) -> NotFound:
    """Return the answer for an address that leads to no repository that everybody can see."""
    return NotFound(f"GitHub knows no public repository {ref.path}")


def unset_if_none(value: T | None) -> T | UnsetType:
    """Return a value, Unset for null."""
    return UNSET if value is None else value


def to_license(spdx_id: str | None) -> str | UnsetType:
    """Return a licence's identifier, Unset where GitHub found none that it can name."""
    return UNSET if spdx_id is None or spdx_id in _NO_LICENSE else spdx_id


def to_unix_seconds(moment: datetime | None) -> int | UnsetType:
    """Return a moment in Unix seconds, Unset for null."""
    return UNSET if moment is None else int(moment.timestamp())


def to_total_count(count: _Count | None) -> int | UnsetType:
    return UNSET if count is None else count.total_count


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
        open_issues=UNSET
        if issues_and_pulls is None or open_pull_requests is UNSET
        else max(issues_and_pulls - open_pull_requests, 0),
        open_pull_requests=open_pull_requests,
        is_archived=unset_if_none(document.archived),
        license=to_license(document.license.spdx_id if document.license else None),
        topics=unset_if_none(document.topics),
        created=to_unix_seconds(document.created_at),
        updated=to_unix_seconds(document.updated_at),
        pushed=to_unix_seconds(document.pushed_at),
    )
