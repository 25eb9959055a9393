"""`filter_by`: which documents are meant."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from support.typesense_fake.errors import Refused
from support.typesense_fake.schema import NUMBERS, Json
from support.typesense_fake.text import tokens

Test = Callable[[Json], bool]

_CLAUSE = re.compile(r"\s*([A-Za-z_][\w.]*)\s*:(.*)\Z", re.DOTALL)
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
}


class Filter:
    """A parsed filter: a test of documents, and the one exact clause that it consists of, if it is that simple."""

    def __init__(
        self,
        text: str,
        fields: dict[str, Json],
        separators: tuple[str, ...],
        having: Callable[[str, list[str]], Iterable[str]],
    ) -> None:
        """`having` tells the ids of the documents that have one of some values in a field, just so."""
        self._fields = fields
        self._separators = separators
        self._having = having
        self.exact: tuple[str, list[str]] | None = None
        self.admits = self._any(text)

    def _any(self, text: str) -> Test:
        parts = _parted(text, "||")
        tests = [self._all(part, alone=len(parts) == 1) for part in parts]
        return lambda document: any(test(document) for test in tests)

    def _all(self, text: str, *, alone: bool) -> Test:
        parts = _parted(text, "&&")
        tests = [self._one(part, alone=alone and len(parts) == 1) for part in parts]
        return lambda document: all(test(document) for test in tests)

    def _one(self, text: str, *, alone: bool) -> Test:
        text = text.strip()
        if text.startswith("(") and text.endswith(")"):
            return self._any(text[1:-1])
        clause = _CLAUSE.match(text)
        if clause is None:
            raise Refused(400, "Could not parse the filter query.")
        name, rest = clause[1], clause[2].strip()
        if name == "id":
            return self._id(rest, alone=alone)
        field = self._fields.get(name)
        if field is None or not field["index"]:
            raise Refused(400, f"Could not find a filter field named `{name}` in the schema.")
        kind = field["type"].removesuffix("[]")
        if kind == "string":
            return self._text(name, rest, alone=alone)
        if kind == "bool":
            wanted = [value == "true" for value in _values(rest.lstrip("="))]
            return lambda document: any(each in wanted for each in _each(document, name))
        return self._number(name, rest) if kind in NUMBERS else _never

    def _id(self, rest: str, *, alone: bool) -> Test:
        negated = rest.startswith("!=")
        wanted = set(_values(rest.lstrip("!=")))
        if alone and not negated:
            self.exact = ("id", list(wanted))
        return lambda document: (document["id"] in wanted) != negated

    def _text(self, name: str, rest: str, *, alone: bool) -> Test:
        negated, exact = rest.startswith("!="), rest.startswith(("=", "!="))
        values = _values(rest.lstrip("!="))
        if exact:
            ids = frozenset(self._having(name, values))
        wanted = [tokens(value, self._separators) for value in values]
        if alone and exact and not negated:
            self.exact = (name, values)

        def test(document: Json) -> bool:
            if exact:
                return (document["id"] in ids) != negated
            held = [set(tokens(each, self._separators)) for each in _each(document, name)]
            return any(set(one) <= each for one in wanted for each in held) != negated

        return test

    def _number(self, name: str, rest: str) -> Test:
        tests: list[Callable[[float], bool]] = []
        negated = rest.startswith("!=")
        for value in _values(rest.lstrip("!=") if negated else rest.removeprefix("=")):
            try:
                tests.append(_comparison(value))
            except ValueError:
                raise Refused(
                    400, f"Error with filter field `{name}`: Numerical field has an invalid comparator."
                ) from None
        return lambda document: any(any(test(each) for test in tests) != negated for each in _each(document, name))


def _never(_: Json) -> bool:
    return False


def _comparison(value: str) -> Callable[[float], bool]:
    if ".." in value:
        low, high = (float(end) for end in value.split(".."))
        return lambda found: low <= found <= high
    for sign, compare in _COMPARISONS.items():
        if value.startswith(sign):
            bound = _as_number(value.removeprefix(sign))
            return lambda found, compare=compare, bound=bound: compare(found, bound)  # type: ignore[misc]
    wanted = _as_number(value)
    return lambda found: found == wanted


def _as_number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _each(document: Json, name: str) -> Iterable[Any]:
    value = document.get(name)
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _values(text: str) -> list[str]:
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        return [each.strip().strip("`'") for each in _parted(text[1:-1], ",") if each.strip()]
    return [text.strip("`")]


def _parted(text: str, separator: str) -> list[str]:
    """Part at a separator that is neither quoted nor in brackets."""
    parts, depth, quoted, start, position = [], 0, False, 0, 0
    while position < len(text):
        character = text[position]
        if character == "`":
            quoted = not quoted
        elif not quoted and character in "([":
            depth += 1
        elif not quoted and character in ")]":
            depth -= 1
        elif not quoted and not depth and text.startswith(separator, position):
            parts.append(text[start:position])
            position += len(separator)
            start = position
            continue
        position += 1
    return [*parts, text[start:]]
