"""GitHub's answer to a query about some repositories: what it says about each of them, and what it does not."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import DecodeError, Raw, Struct
from msgspec.json import Decoder

from ...domain.errors import AggregatorError, Unavailable
from ...domain.repository_address import RepositoryAddress
from ...ports import Finding
from ..retry import Transient
from ..service import Reply, Request
from .node import missing, repository_of


class Problem(Struct):
    """One error of an answer; `path` begins with the alias of the repository that it concerns."""

    type: str | None = None
    message: str | None = None
    path: list[str | int] | None = None


class Answer(Struct):
    """The whole answer; `message` is there where GitHub refused before it looked at the query."""

    data: dict[str, Raw] | None = None
    errors: list[Problem] | None = None
    message: str = ""

    def has(self, *types: str) -> bool:
        """Tell whether an error of one of these types is among the errors."""
        return any(problem.type in types for problem in self.errors or ())

    @property
    def complaint(self) -> str:
        """What the errors say, in one line."""
        messages = [problem.message or problem.type or "" for problem in self.errors or ()]
        return " ".join("; ".join(dict.fromkeys(filter(None, [self.message, *messages]))).split())


_decoder = Decoder(Answer)


def answer_of(request: Request, reply: Reply) -> Answer:
    """Decode an answer; raises `Transient` for what is none."""
    try:
        return _decoder.decode(reply.body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Transient(f"{request}: the answer is not the JSON that was asked for ({error})") from error


def findings(answer: Answer, addresses: Sequence[RepositoryAddress]) -> Iterator[Finding]:
    """Yield what came of each address; of those that the answer says nothing about, nothing."""
    problems = _by_alias(answer.errors or ())
    for place, address in enumerate(addresses):
        alias = f"r{place}"
        told = bytes((answer.data or {}).get(alias, b"null"))
        if told != b"null":
            yield Finding(address=address, answer=repository_of(address, told), told=told.decode("utf-8", "replace"))
        elif (problem := problems.get(alias)) is not None:
            yield Finding(address=address, answer=_refusal(address, problem))


def _by_alias(problems: Sequence[Problem]) -> Mapping[str, Problem]:
    """Return the errors that say why a repository is not told; that GitHub is overloaded says nothing about it."""
    telling = (problem for problem in problems if problem.path and problem.type and "LIMIT" not in problem.type)
    return {str(problem.path[0]): problem for problem in telling if problem.path}


def _refusal(address: RepositoryAddress, problem: Problem) -> AggregatorError:
    if problem.type == "NOT_FOUND" and problem.path is not None and len(problem.path) == 1:
        return missing(address)
    return Unavailable(f"{address.url}: {problem.type}: {' '.join((problem.message or '').split()):.200}")
