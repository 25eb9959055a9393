"""GitHub as a host of repositories: many at once with a token, a few without."""

from .graphql import GitHubGraphQL
from .rest import GitHubRest

__all__ = ["GitHubGraphQL", "GitHubRest"]
