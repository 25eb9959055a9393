"""Error responses: problem details (RFC 9457) for programs, an HTML page for browsers, no traceback in either."""

import logging
from http import HTTPStatus
from math import ceil
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Template
from msgspec import UNSET, Struct, UnsetType

from ..domain.errors import AggregatorError, Invalid, InvalidRequest, NotFound, Unavailable

PROBLEM_MEDIA_TYPE = "application/problem+json"

# Paths for programs: errors below them are sent as problem details.
MACHINE_PREFIXES = ("/api/", "/badge/", "/feeds/", "/health", "/metrics", "/static/")

# Seconds for `Retry-After` if the error has none of its own.
_RETRY_AFTER = 10

_log = logging.getLogger(__name__)


class InvalidParam(Struct, frozen=True):
    """A rejected parameter and the reason."""

    name: str
    reason: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error as RFC 9457 describes it; `invalid_params` lists the rejected parameters."""

    title: str
    status: int
    detail: str
    type: str | UnsetType = UNSET
    invalid_params: tuple[InvalidParam, ...] = ()


class RequestRejected(AggregatorError):
    """A request that is rejected with an HTTP status."""

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
    """Build the response for an error."""
    problem, headers = to_problem(error)
    headers = {**headers, "cache-control": "no-store"}
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    if request.scope["path"].startswith(MACHINE_PREFIXES):
        return Response(problem, status_code=problem.status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)
    return Template("failure.html", context={"problem": problem}, status_code=problem.status, headers=headers)


def to_problem(error: Exception) -> tuple[Problem, dict[str, str]]:
    """Convert an error into a problem and its headers."""
    invalid_params: tuple[InvalidParam, ...] = ()
    headers: dict[str, str] = {}
    match error:
        case RequestRejected():
            status, invalid_params, headers, detail = error.status, error.invalid_params, error.headers, str(error)
        case NotFound():
            status, detail = HTTPStatus.NOT_FOUND, str(error)
        case InvalidRequest():
            status, detail = HTTPStatus.BAD_REQUEST, str(error)
        case Unavailable() | Invalid():
            # `Invalid` here is no fault of the request: the index is damaged, or newer than this program. The message
            # of the error is logged only, because it contains paths and URLs of this server.
            status, detail = HTTPStatus.SERVICE_UNAVAILABLE, "The index does not respond. Try again in a moment."
            wait = error.retry_after if isinstance(error, Unavailable) else None
            headers = {"retry-after": str(ceil(wait or _RETRY_AFTER))}
            _log.error("the index does not respond: %s", error)
        case HTTPException():
            status, headers = HTTPStatus(error.status_code), dict(error.headers or {})
            invalid_params = _parse_invalid_params(error)
            detail = "; ".join(f"{param.name}: {param.reason}" for param in invalid_params) or _format_detail(
                error, status
            )
        case _:
            status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error. The error has been logged."
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
