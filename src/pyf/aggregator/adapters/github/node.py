"""A repository as GraphQL tells it, and what that means."""

from datetime import datetime
from typing import TypeVar

from msgspec import UNSET, DecodeError, Struct, UnsetType
from msgspec.json import Decoder

from ...domain.errors import AggregatorError, NotFound, Unavailable
from ...domain.repository import Repository
from ...domain.repository_address import RepositoryAddress, address_of

T = TypeVar("T")

# What SPDX says where a licence is there and is none that can be named.
_NO_LICENSE = frozenset({"NOASSERTION", "NONE", ""})


class _Count(Struct, rename="camel"):
    total_count: int


class _License(Struct, rename="camel"):
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


class Node(Struct, rename="camel", kw_only=True):
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
    license_info: _License | None = None
    repository_topics: _Topics | None = None
    latest_release: _Release | None = None
    default_branch_ref: _Branch | None = None


_node = Decoder(Node)


def repository_of(address: RepositoryAddress, told: bytes) -> Repository | AggregatorError:
    """Return the repository that was told of when `address` was asked for, or why there is none."""
    try:
        node = _node.decode(told)
    except (DecodeError, UnicodeDecodeError) as error:
        return Unavailable(f"{address.url}: GitHub's answer can't be read ({error})")
    own = address_of(f"https://{address.host}/{node.name_with_owner}")
    if own is None:
        return Unavailable(f"{address.url}: GitHub's answer is about {node.name_with_owner!r:.60}")
    if node.is_private:  # the token may see it, the readers of the index may not
        return missing(address)
    target = node.default_branch_ref.target if node.default_branch_ref else None
    topics = node.repository_topics.nodes if node.repository_topics else None
    return Repository(
        address=own,
        stars=known(node.stargazer_count),
        watchers=_count(node.watchers),
        forks=known(node.fork_count),
        open_issues=_count(node.open_issues),
        closed_issues=_count(node.closed_issues),
        open_pull_requests=_count(node.open_pull_requests),
        is_archived=known(node.is_archived),
        license=license_of(node.license_info.spdx_id if node.license_info else None),
        topics=UNSET if topics is None else tuple(each.topic.name for each in topics if each),
        latest_release=node.latest_release.tag_name if node.latest_release else UNSET,
        created=unix_seconds(node.created_at),
        updated=unix_seconds(node.updated_at),
        pushed=unix_seconds(node.pushed_at),
        last_commit=unix_seconds(target.committed_date if target else None),
    )


def missing(address: RepositoryAddress) -> NotFound:
    """Return the answer for an address that leads to no repository that everybody can see."""
    return NotFound(f"GitHub knows no public repository {address.path}")


def known(value: T | None) -> T | UnsetType:
    """Return a value, Unset for null."""
    return UNSET if value is None else value


def license_of(spdx_id: str | None) -> str | UnsetType:
    """Return a licence's identifier, Unset where GitHub found none that it can name."""
    return UNSET if spdx_id is None or spdx_id in _NO_LICENSE else spdx_id


def unix_seconds(moment: datetime | None) -> int | UnsetType:
    """Return a moment in Unix seconds, Unset for null."""
    return UNSET if moment is None else int(moment.timestamp())


def _count(count: _Count | None) -> int | UnsetType:
    return UNSET if count is None else count.total_count
