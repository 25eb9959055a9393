"""The GraphQL query that asks about some repositories at once."""

from collections.abc import Sequence
from functools import lru_cache

from msgspec.json import encode

from ...domain.repository_address import RepositoryRef

# All that is told of a repository. Light enough for one point a query, however many repositories are in it.
REPOSITORY_FRAGMENT = """
fragment facts on Repository {
  nameWithOwner isPrivate isArchived createdAt updatedAt pushedAt
  stargazerCount forkCount watchers { totalCount }
  openIssues: issues(states: OPEN) { totalCount }
  closedIssues: issues(states: CLOSED) { totalCount }
  openPullRequests: pullRequests(states: OPEN) { totalCount }
  licenseInfo { spdxId }
  repositoryTopics(first: 20) { nodes { topic { name } } }
  latestRelease { tagName }
  defaultBranchRef { target { ... on Commit { committedDate } } }
}
"""


def build_body(refs: Sequence[RepositoryRef]) -> bytes:
    """Return the body of the request that asks about these, the first by the alias `r0`, the next by `r1`…"""
    variables: dict[str, str] = {}
    for position, ref in enumerate(refs):
        variables |= {f"o{position}": ref.owner, f"n{position}": ref.name}
    return encode({"query": build_query(len(refs)), "variables": variables})


@lru_cache(maxsize=64)
def build_query(repository_count: int) -> str:
    """Return the query for so many repositories; owners and names are its variables `o0`, `n0`, `o1`…"""
    positions = range(repository_count)
    declarations = ", ".join(f"$o{position}: String!, $n{position}: String!" for position in positions)
    selections = "\n".join(f"  r{place}: repository(owner: $o{place}, name: $n{place}) {{ ...facts }}" for place in positions)
    return f"query({declarations}) {{\n{selections}\n}}\n{REPOSITORY_FRAGMENT}"
