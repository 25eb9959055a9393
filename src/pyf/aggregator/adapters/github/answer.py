"""GitHub's answer to a query about some repositories: what it says about each of them, and what it does not."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import DecodeError, Raw, Struct
from msgspec.json import Decoder

from ...domain.errors import AggregatorError, Unavailable
from ...domain.repository_address import RepositoryRef
from ...ports import RepositoryResult
from ..retry import Transient
from ..service import Response, Request
from .node import build_not_found, parse_graphql_repository


class GraphQLError(Struct):
    """One error of an answer; `path` begins with the alias of the repository that it concerns."""

    type: str | None = None
    message: str | None = None
    path: list[str | int] | None = None


class GraphQLResponse(Struct):
    """The whole answer; `message` is there where GitHub refused before it looked at the query."""

    data: dict[str, Raw] | None = None
    errors: list[GraphQLError] | None = None
    message: str = ""

    def has_error(self, *error_types: str) -> bool:
        """Tell whether an error of one of these types is among the errors."""
        return any(error.type in error_types for error in self.errors or ())

    @property
    def error_text(self) -> str:
        """What the errors say, in one line."""
        messages = [error.message or error.type or "" for error in self.errors or ()]
        return " ".join("; ".join(dict.fromkeys(filter(None, [self.message, *messages]))).split())


_response_decoder = Decoder(GraphQLResponse)


def parse_response(request: Request, response: Response) -> GraphQLResponse:
    """Decode an answer; raises `Transient` for what is none."""
    try:
        return _response_decoder.decode(response.body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Transient(f"{request}: the answer is not the JSON that was asked for ({error})") from error


def parse_results(response: GraphQLResponse, refs: Sequence[RepositoryRef]) -> Iterator[RepositoryResult]:
    """Yield what came of each address; of those that the answer says nothing about, nothing."""
    errors = _group_by_alias(response.errors or ())
    for position, ref in enumerate(refs):
        alias = f"r{position}"
        raw_repository = bytes((response.data or {}).get(alias, b"null"))
        if raw_repository != b"null":
            yield RepositoryResult(ref=ref, outcome=parse_graphql_repository(ref, raw_repository), raw_response=raw_repository.decode("utf-8", "replace"))
        elif (error := errors.get(alias)) is not None:
            yield RepositoryResult(ref=ref, outcome=_build_error(ref, error))


def _group_by_alias(errors: Sequence[GraphQLError]) -> Mapping[str, GraphQLError]:
    """Return the errors that say why a repository is not told; that GitHub is overloaded says nothing about it."""
    relevant = (error for error in errors if error.path and error.type and "LIMIT" not in error.type)
    return {str(problem.path[0]): problem for problem in relevant if problem.path}


def _build_error(ref: RepositoryRef, error: GraphQLError) -> AggregatorError:
    if error.type == "NOT_FOUND" and error.path is not None and len(error.path) == 1:
        return build_not_found(ref)
    return Unavailable(f"{ref.url}: {error.type}: {' '.join((error.message or '').split()):.200}")
