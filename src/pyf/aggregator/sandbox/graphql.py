"""A minimal GraphQL reader and executor for the local GitHub."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r'[\s,]+|#[^\n]*|(\.\.\.|[A-Za-z_]\w*|\$\w+|"(?:[^"\\\n]|\\.)*"|-?\d+|[{}()\[\]:!=@])')


class GraphQLError(Exception):
    """A query that is rejected; its text is the message to the client."""


@dataclass(frozen=True)
class Field:
    """A selected field with its alias; a fragment has no name and applies to `type` only."""

    alias: str
    name: str
    arguments: Mapping[str, Any]
    selections: tuple["Field | str", ...]
    type: str = ""


@dataclass(frozen=True)
class Node:
    """An object with fields: each is a value, or a function of the field's arguments."""

    type: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """A query: its top selection and its fragments."""

    selections: tuple[Field | str, ...]
    fragments: Mapping[str, Field]

    def iter_fields(self, node: Node, selections: Sequence[Field | str] | None = None) -> Iterator[Field]:
        """Yield the selected fields of a node, including those of its fragments."""
        for selection in self.selections if selections is None else selections:
            resolved = self.resolve_fragment(selection)
            if resolved.name:
                yield resolved
            elif resolved.type in ("", node.type):
                yield from self.iter_fields(node, resolved.selections)

    def resolve_fragment(self, selection: Field | str) -> Field:
        """Resolve a named fragment; a field is returned unchanged."""
        if not isinstance(selection, str):
            return selection
        if selection not in self.fragments:
            raise GraphQLError(f"Fragment {selection} was used, but not defined")
        return self.fragments[selection]

    def resolve(self, node: Node, selections: Sequence[Field | str]) -> dict[str, Any]:
        """Return the selected fields of a node; raises `GraphQLError` for an unknown field."""
        return {field.alias: self._resolve_field(node, field) for field in self.iter_fields(node, selections)}

    def _resolve_field(self, node: Node, field: Field) -> Any:
        if field.name not in node.fields:
            raise GraphQLError(f"Field '{field.name}' doesn't exist on type '{node.type}'")
        value = node.fields[field.name]
        value = value(**field.arguments) if callable(value) else value
        if isinstance(value, list):
            return [self._resolve_value(item, field) for item in value]
        return self._resolve_value(value, field)

    def _resolve_value(self, value: Any, field: Field) -> Any:
        if isinstance(value, Node):
            if not field.selections:
                raise GraphQLError(f"Field must have selections (field '{field.name}' returns {value.type})")
            return self.resolve(value, field.selections)
        return value


def parse_query(text: str, variables: Mapping[str, Any]) -> Query:
    """Parse a query with its variables; raises `GraphQLError` if it is invalid."""
    return _Parser(text, variables).parse_document()


class _Parser:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._tokens: list[str] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise GraphQLError(f"Parse error on {text[position]!r}")
            self._tokens += [match[1]] if match[1] else []
            position = match.end()
        self._position = 0

    def parse_document(self) -> Query:
        selections: tuple[Field | str, ...] = ()
        fragments = {}
        while self._position < len(self._tokens):
            if self._accept("fragment"):
                name = self._next()
                self._expect("on")
                fragments[name] = Field("", "", {}, type=self._next(), selections=self._parse_selections())
            else:
                self._accept("query")
                while self._peek() != "{":  # its name and the declarations of its variables
                    self._next()
                selections = self._parse_selections()
        return Query(selections, fragments)

    def _parse_selections(self) -> tuple[Field | str, ...]:
        self._expect("{")
        selections: list[Field | str] = []
        while not self._accept("}"):
            selections.append(self._parse_selection())
        return tuple(selections)

    def _parse_selection(self) -> Field | str:
        if self._accept("..."):
            if self._accept("on"):
                return Field("", "", {}, type=self._next(), selections=self._parse_selections())
            return self._next()
        alias = name = self._next()
        if self._accept(":"):
            name = self._next()
        arguments = self._parse_arguments() if self._accept("(") else {}
        return Field(alias, name, arguments, self._parse_selections() if self._peek() == "{" else ())

    def _parse_arguments(self) -> dict[str, Any]:
        arguments = {}
        while not self._accept(")"):
            name = self._next()
            self._expect(":")
            arguments[name] = self._parse_argument()
        return arguments

    def _parse_argument(self) -> Any:
        word = self._next()
        if word == "[":
            values = []
            while not self._accept("]"):
                values.append(self._parse_argument())
            return values
        if word.startswith("$"):
            if word[1:] not in self._variables:
                raise GraphQLError(f"Variable {word} of type String! was provided invalid value")
            return self._variables[word[1:]]
        if word.startswith('"'):
            return word[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        return int(word) if word.lstrip("-").isdigit() else word

    def _peek(self) -> str:
        if self._position >= len(self._tokens):
            raise GraphQLError("Unexpected end of document")
        return self._tokens[self._position]

    def _next(self) -> str:
        token = self._peek()
        self._position += 1
        return token

    def _accept(self, token: str) -> bool:
        is_next = self._position < len(self._tokens) and self._tokens[self._position] == token
        self._position += is_next
        return is_next

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise GraphQLError(f"Expected {token!r}, actual: {self._peek()!r}")
