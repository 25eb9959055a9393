"""The expressions of `filter_by`: which documents they match."""

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from support.typesense_fake.errors import RequestRejected
from support.typesense_fake.schema import NUMBERS, Json
from support.typesense_fake.text import tokenize

Predicate = Callable[[Json], bool]

# Operands and operators of one expression; parentheses are free.
MAX_OPERATIONS = 100

# A parenthesis, an operator, or a clause: text up to the next of them, with backticks around what is taken literally.
_TOKEN = re.compile(r"\s*(?:([()]|&&|\|\|)|((?:`[^`]*`|(?!&&|\|\|)[^()`])+))", re.DOTALL)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_NEGATIONS = ("!=", "!")


class Filter:
    """A parsed expression.

    Attributes:
        matches: the predicate of the whole expression
        exact: field and values if the expression is one clause that a look-up of whole values can answer
    """

    def __init__(
        self,
        text: str,
        fields: dict[str, Json],
        separators: tuple[str, ...],
        find_exact: Callable[[str, list[str]], Iterable[str]],
    ) -> None:
        """Parse an expression.

        Args:
            find_exact: returns the ids of the documents that have exactly one of some values in a field
        """
        self._fields = fields
        self._separators = separators
        self._find_exact = find_exact
        self.exact: tuple[str, list[str]] | None = None
        operations = list(to_postfix(split_expression(text)))
        if len(operations) > MAX_OPERATIONS:
            raise RequestRejected(
                400,
                f"`filter_by` has too many operations. Maximum allowed: {MAX_OPERATIONS}. "
                "Use `--filter-by-max-ops` command line argument to customize this value.",
            )
        self.matches = self._build(operations)

    def _build(self, operations: list[str]) -> Predicate:
        operands: list[Predicate] = []
        for operation in operations:
            if operation not in ("&&", "||"):
                operands.append(self._parse_clause(operation, is_alone=len(operations) == 1))
                continue
            if len(operands) < 2:
                raise RequestRejected(400, f"Could not parse the filter query: unbalanced `{operation}` operands.")
            right, left = operands.pop(), operands.pop()
            operands.append(_both(left, right) if operation == "&&" else _either(left, right))
        return operands[-1]

    def _parse_clause(self, text: str, *, is_alone: bool) -> Predicate:
        name, colon, value = (part.strip() for part in text.partition(":"))
        if not colon:
            raise RequestRejected(400, "Could not parse the filter query.")
        if name == "id":
            return self._match_id(value, is_alone=is_alone)
        field = self._fields.get(name)
        if field is None or not field["index"]:
            raise RequestRejected(400, f"Could not find a filter field named `{name}` in the schema.")
        match field["type"].removesuffix("[]"):
            case "string":
                return self._match_text(name, value, is_alone=is_alone)
            case "bool":
                return _match_bool(name, value)
            case kind if kind in NUMBERS:
                return _match_number(name, value, kind)
        return lambda document: False

    def _match_id(self, value: str, *, is_alone: bool) -> Predicate:
        if value == "*":
            return lambda _: True
        is_negated = value.startswith("!=")
        ids = _parse_values(name="id", text=value.lstrip("!="))
        if "*" in ids:
            return lambda document: not is_negated
        if is_alone and not is_negated:
            self.exact = ("id", ids)
        return lambda document: (document["id"] in ids) != is_negated

    def _match_text(self, name: str, value: str, *, is_alone: bool) -> Predicate:
        is_negated, is_exact = value.startswith(_NEGATIONS), value.startswith(("=", "!="))
        values = _parse_values(name, value.lstrip("!="))
        if is_exact:
            ids = frozenset(self._find_exact(name, values))
            if is_alone and not is_negated:
                self.exact = (name, values)
            return lambda document: (document["id"] in ids) != is_negated
        wanted = [set(tokenize(value, self._separators)) for value in values]

        def contains(document: Json) -> bool:
            texts = [set(tokenize(text, self._separators)) for text in _list_values(document, name)]
            return any(words <= text for words in wanted for text in texts) != is_negated

        return contains


def split_expression(text: str) -> Iterator[str]:
    """Yield the clauses, operators and parentheses of an expression."""
    position = 0
    while text[position:].strip():
        token = _TOKEN.match(text, position)
        if token is None:
            raise RequestRejected(400, "Could not parse the filter query.")
        position = token.end()
        yield token[1] or token[2].strip()


def to_postfix(tokens: Iterable[str]) -> Iterator[str]:
    """Yield clauses and operators in postfix order; both operators bind alike, the left one first."""
    stack: list[str] = []
    for token in tokens:
        if token == "(":
            stack.append(token)
        elif token in ("&&", "||", ")"):
            while stack and stack[-1] != "(":
                yield stack.pop()
            if token != ")":
                stack.append(token)
            elif stack:
                stack.pop()
            else:
                raise _unbalanced()
        else:
            yield token
    if "(" in stack:
        raise _unbalanced()
    yield from reversed(stack)


def _unbalanced() -> RequestRejected:
    return RequestRejected(400, "Could not parse the filter query: unbalanced parentheses.")


def _both(left: Predicate, right: Predicate) -> Predicate:
    return lambda document: left(document) and right(document)


def _either(left: Predicate, right: Predicate) -> Predicate:
    return lambda document: left(document) or right(document)


def _match_bool(name: str, value: str) -> Predicate:
    is_negated = value.startswith("!=")
    wanted = [item == "true" for item in _parse_values(name, value.lstrip("!="))]
    return lambda document: any((item in wanted) != is_negated for item in _list_values(document, name))


def _match_number(name: str, value: str, kind: str) -> Predicate:
    is_negated = value.startswith("!=")
    text = value.lstrip("!=") if is_negated else value.removeprefix("=")
    try:
        comparisons = [_parse_comparison(item) for item in (_parse_values(name, text) if text else [""])]
    except ValueError:
        raise RequestRejected(
            400, f"Error with filter field `{name}`: Numerical field has an invalid comparator."
        ) from None
    return lambda document: any(
        any(compare(_to_indexed(number, kind)) for compare in comparisons) != is_negated
        for number in _list_values(document, name)
    )


def _to_indexed(number: float, kind: str) -> float:
    """Return the number that the server compares: a field of 32 bits overflows."""
    return (int(number) + 2**31) % 2**32 - 2**31 if kind == "int32" else number


def _parse_comparison(value: str) -> Callable[[Any], bool]:
    if ".." in value:
        low, high = map(_parse_number, value.split(".."))
        return lambda number: low <= number <= high
    for sign, compare in _COMPARISONS.items():
        if value.startswith(sign):
            bound = _parse_number(value.removeprefix(sign))
            return lambda number, compare=compare, bound=bound: compare(number, bound)  # type: ignore[misc]
    wanted = _parse_number(value)
    return lambda number: bool(number == wanted)


def _parse_number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _list_values(document: Json, name: str) -> Iterable[Any]:
    value = document.get(name)
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _parse_values(name: str, text: str) -> list[str]:
    """Return the values of a clause, those of a list in brackets one by one; backticks keep commas."""
    text = text.strip()
    if not text:
        raise RequestRejected(400, f"Error with filter field `{name}`: Filter value cannot be empty.")
    if not (text.startswith("[") and text.endswith("]")):
        return [text.strip("`")]
    items = re.findall(r"(?:`[^`]*`|[^,`])+", text[1:-1])
    return [item.strip().strip("`") for item in items if item.strip()]
