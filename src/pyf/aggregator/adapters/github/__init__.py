"""Repository data from GitHub: GraphQL with a token, REST without."""

from .graphql import GitHubGraphQL
from .rest import GitHubRest

__all__ = ["GitHubGraphQL", "GitHubRest"]
