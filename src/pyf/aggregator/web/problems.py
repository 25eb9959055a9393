"""Failures over HTTP: problem details (RFC 9457) for programs, a page for people, and never a traceback for either."""

import logging
from http import HTTPStatus
from math import ceil
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Template
from msgspec import UNSET, Struct, UnsetType

from ..domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ..usecases.read.comparison import NotComparable

PROBLEM_MEDIA_TYPE = "application/problem+json"

# What programs read; they are told of failures in their own language.
MACHINE_PREFIXES = ("/api/", "/badge/", "/feeds/", "/health", "/metrics", "/static/")

# Seconds after which asking again makes sense, where nobody said.
_RETRY_AFTER = 10

_log = logging.getLogger(__name__)


class InvalidParam(Struct, frozen=True):
    """A parameter that can't be used, and why."""

    name: str
    reason: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, as RFC 9457 has it; `faults` names the parameters that are to blame."""

    title: str
    status: int
    detail: str
    type: str | UnsetType = UNSET
    invalid_params: tuple[InvalidParam, ...] = ()


class RequestRejected(AggregatorError):
    """A request that is not answered, with the status that says why."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        invalid_params: tuple[InvalidParam, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers or {}
        self.invalid_params = invalid_params


def to_response(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Return what is sent for a failure."""
    problem, headers = to_problem(error)
    headers = {**headers, "cache-control": "no-store"}
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if request.url.path.startswith(MACHINE_PREFIXES):
        return Response(problem, status_code=problem.status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)
    return Template("failure.html", context={"problem": problem}, status_code=problem.status, headers=headers)


def to_problem(error: Exception) -> tuple[Problem, dict[str, str]]:
    """Return what readers are told of a failure, and the headers that go with it."""
    invalid_params: tuple[InvalidParam, ...] = ()
    headers: dict[str, str] = {}
    match error:
        case RequestRejected():
            status, invalid_params, headers, detail = error.status, error.invalid_params, error.headers, str(error)
        case NotFound():
            status, detail = HTTPStatus.NOT_FOUND, str(error)
        case NotComparable():
            status, detail = HTTPStatus.BAD_REQUEST, str(error)
        case Unavailable() | Invalid():
            # Whatever else is invalid is not the reader's: the index is damaged, or newer than this program. What the
            # failures say names files and addresses of ours.
            status, detail = HTTPStatus.SERVICE_UNAVAILABLE, "The index does not answer; try again in a moment."
            wait = error.retry_after if isinstance(error, Unavailable) else None
            headers = {"retry-after": str(ceil(wait or _RETRY_AFTER))}
            _log.error("the index does not answer: %s", error)
        case HTTPException():
            status, headers = HTTPStatus(error.status_code), dict(error.headers or {})
            invalid_params = _parse_invalid_params(error)
            detail = "; ".join(f"{param.name}: {param.reason}" for param in invalid_params) or _format_detail(
                error, status
            )
        case _:
            status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "Something is wrong here; it has been noted."
    return Problem(title=status.phrase, status=status, detail=detail, invalid_params=invalid_params), headers


def _parse_invalid_params(error: HTTPException) -> tuple[InvalidParam, ...]:
    if not isinstance(error.extra, list):
        return ()
    return tuple(
        InvalidParam(name=str(item.get("key", "")), reason=str(item.get("message", "")))
        for item in error.extra
        if isinstance(item, dict)
    )


def _format_detail(error: HTTPException, status: HTTPStatus) -> str:
    return status.description if error.detail in ("", status.phrase) else error.detail
