"""What may be asked for in a query: each parameter with its bounds, and the question that they make together."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.params import QueryParameter, SkipValidation
from msgspec import Meta

from ...domain.search import LONGEST_VALUE, MOST_CHOSEN, HealthBand, Question, Sort
from ..failures import Fault, Refused

LONGEST_TEXT = 500
MOST_PER_PAGE = 100

Value = Annotated[str, Meta(max_length=LONGEST_VALUE)]
# Bounds of a list's values, and of what may be absent, do not reach the description by themselves.
_OF_VALUES = {"items": Schema(type=OpenAPIType.STRING, max_length=LONGEST_VALUE)}
Values = Annotated[
    Sequence[Value],
    QueryParameter(max_items=MOST_CHOSEN, description="May be repeated: either will do.", schema_extra=_OF_VALUES),
]
Bands = Annotated[Sequence[HealthBand], QueryParameter(max_items=5, description="May be repeated: either will do.")]
Text = Annotated[str, QueryParameter(max_length=LONGEST_TEXT, description="What to look for, in words.")]
Days = Annotated[
    int | None,
    QueryParameter(
        ge=0, le=36_500, description="Released within so many days.", schema_extra={"minimum": 0, "maximum": 36_500}
    ),
]
Order = Annotated[Sort, QueryParameter(description="What comes first.")]
Page = Annotated[int, QueryParameter(ge=1, le=10_000, description="Counted from 1.")]
PerPage = Annotated[int, QueryParameter(ge=1, le=MOST_PER_PAGE, description="Projects on a page.")]
Limit = Annotated[int, QueryParameter(ge=1, le=50, description="At most so many.")]
Names = Annotated[
    Sequence[Value],
    QueryParameter(
        min_items=1,
        max_items=10,
        description="2 to 4 projects: repeat it; any spelling will do.",
        schema_extra=_OF_VALUES,
    ),
]

# The parameters of a search, which are those of `Question`, but for what the profile in the path says.
OF_SEARCH = frozenset(Question.__struct_fields__) - {"frameworks"}


def narrowed(
    text: Text = "",
    framework_versions: Values = (),
    python_versions: Values = (),
    licenses: Values = (),
    classifiers: Values = (),
    health: Bands = (),
    statuses: Values = (),
    maintainers: Values = (),
    updated_within: Days = None,
) -> Question:
    """Return the question that parameters make, from its first page; values that a form has left empty do not count."""
    return Question(
        text=text,
        framework_versions=_given(framework_versions),
        python_versions=_given(python_versions),
        licenses=_given(licenses),
        classifiers=_given(classifiers),
        health=tuple(health),
        statuses=_given(statuses),
        maintainers=_given(maintainers),
        updated_within=updated_within,
    )


# What a handler names `narrowed` to be given it; its parameters are described as the handler's own.
Narrowed = NamedDependency[SkipValidation[Question]]


def _given(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value.strip())


def refuse_others(request: Request[Any, Any, Any], known: Iterable[str]) -> None:
    """Raise `Refused` for a parameter that does nothing here: a filter with a slip in its name must not be ignored."""
    known = frozenset(known)
    if unknown := sorted({name for name in request.query_params if name not in known}):
        reason = f"there is no such parameter; there are {', '.join(sorted(known)) or 'none'}"
        faults = tuple(Fault(name[:100], reason) for name in unknown[:10])
        raise Refused(HTTPStatus.BAD_REQUEST, f"{faults[0].parameter}: {reason}", faults=faults)
