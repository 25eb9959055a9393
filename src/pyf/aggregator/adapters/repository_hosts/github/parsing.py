"""Parsing of repositories in responses of GitHub's GraphQL and REST APIs."""

from datetime import datetime

from msgspec import UNSET, DecodeError, Struct, UnsetType
from msgspec.json import Decoder

from ....domain.documents.document import unset_if_none
from ....domain.errors import AggregatorError, NotFound, Unavailable
from ....domain.repositories import Repository, RepositoryRef, split_path
from ....domain.timestamps import to_optional_seconds

# SPDX values of a license that has no identifier.
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
    """A repository of GraphQL; fields with an error are null, whatever the schema says."""

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
    """Return the repository in a GraphQL response to a request for `ref`, or an error."""
    try:
        node = _repository_decoder.decode(raw)
    except (DecodeError, UnicodeDecodeError) as error:
        return Unavailable(f"{ref.url}: unreadable response of GitHub ({error})")
    own_ref = split_path(ref.host, node.name_with_owner)
    if own_ref is None:
        return Unavailable(f"{ref.url}: GitHub's response is about {node.name_with_owner!r:.60}")
    if node.is_private:  # readable with the token, but not by users of the index
        return build_not_found(ref)
    target = node.default_branch_ref.target if node.default_branch_ref else None
    topics = node.repository_topics.nodes if node.repository_topics else None
    return Repository(
        ref=own_ref,
        stars=unset_if_none(node.stargazer_count),
        watchers=_to_total_count(node.watchers),
        forks=unset_if_none(node.fork_count),
        open_issues=_to_total_count(node.open_issues),
        closed_issues=_to_total_count(node.closed_issues),
        open_pull_requests=_to_total_count(node.open_pull_requests),
        is_archived=unset_if_none(node.is_archived),
        license=_to_license(node.license_info.spdx_id if node.license_info else None),
        topics=UNSET if topics is None else tuple(topic_node.topic.name for topic_node in topics if topic_node),
        latest_release=node.latest_release.tag_name if node.latest_release else UNSET,
        created=to_optional_seconds(node.created_at),
        updated=to_optional_seconds(node.updated_at),
        pushed=to_optional_seconds(node.pushed_at),
        last_commit=to_optional_seconds(target.committed_date if target else None),
    )


def build_not_found(ref: RepositoryRef) -> NotFound:
    """Return the error for a repository that does not exist or is not public."""
    return NotFound(f"GitHub has no public repository {ref.path}")


def _to_license(spdx_id: str | None) -> str | UnsetType:
    return UNSET if spdx_id is None or spdx_id in _NO_LICENSE else spdx_id


def _to_total_count(count: _Count | None) -> int | UnsetType:
    return UNSET if count is None else count.total_count


class _RestLicense(Struct):
    spdx_id: str | None = None


class RestRepository(Struct, kw_only=True):
    """A repository of REST. `open_issues_count` includes pull requests; `watchers_count` (unused) equals the stars."""

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
        """The number of open pull requests, which the document reveals only if nothing is open."""
        return 0 if self.open_issues_count == 0 else UNSET


def parse_rest_repository(
    ref: RepositoryRef, document: RestRepository, *, open_pull_requests: int | UnsetType
) -> Repository | AggregatorError:
    """Return the repository in a REST response to a request for `ref`, or an error.

    Open issues are unknown without the number of open pull requests.
    """
    own_ref = split_path(ref.host, document.full_name)
    if own_ref is None:
        return Unavailable(f"{ref.url}: GitHub's response is about {document.full_name!r:.60}")
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
        license=_to_license(document.license.spdx_id if document.license else None),
        topics=unset_if_none(document.topics),
        created=to_optional_seconds(document.created_at),
        updated=to_optional_seconds(document.updated_at),
        pushed=to_optional_seconds(document.pushed_at),
    )
