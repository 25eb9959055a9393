"""The GraphQL query that asks about some repositories at once."""

from collections.abc import Sequence
from functools import lru_cache

from msgspec.json import encode

from ...domain.repository_address import RepositoryAddress

# All that is told of a repository. Light enough for one point a query, however many repositories are in it.
FACTS = """
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


def body_for(addresses: Sequence[RepositoryAddress]) -> bytes:
    """Return the body of the request that asks about these, the first by the alias `r0`, the next by `r1`…"""
    variables: dict[str, str] = {}
    for place, address in enumerate(addresses):
        variables |= {f"o{place}": address.owner, f"n{place}": address.name}
    return encode({"query": query(len(addresses)), "variables": variables})


@lru_cache(maxsize=64)
def query(repositories: int) -> str:
    """Return the query for so many repositories; owners and names are its variables `o0`, `n0`, `o1`…"""
    places = range(repositories)
    declared = ", ".join(f"$o{place}: String!, $n{place}: String!" for place in places)
    asked = "\n".join(f"  r{place}: repository(owner: $o{place}, name: $n{place}) {{ ...facts }}" for place in places)
    return f"query({declared}) {{\n{asked}\n}}\n{FACTS}"
