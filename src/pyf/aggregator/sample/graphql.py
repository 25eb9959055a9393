"""Reads and answers GraphQL queries, as far as a service on this machine needs it: what is asked for, and no more."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r'[\s,]+|#[^\n]*|(\.\.\.|[A-Za-z_]\w*|\$\w+|"(?:[^"\\\n]|\\.)*"|-?\d+|[{}()\[\]:!=@])')


class Refused(Exception):
    """A query that can't be answered; its text is what the client is told."""


@dataclass(frozen=True)
class Field:
    """A field that is asked for under an alias; a fragment is one without a name, on `type` only."""

    alias: str
    name: str
    arguments: Mapping[str, Any]
    selections: tuple["Field | str", ...]
    type: str = ""


@dataclass(frozen=True)
class Node:
    """An object that can be asked for fields: a value, or a function of the field's arguments."""

    type: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """A query: what is asked for at the top, with its fragments."""

    selections: tuple[Field | str, ...]
    fragments: Mapping[str, Field]

    def asked_of(self, node: Node, selections: Sequence[Field | str] | None = None) -> Iterator[Field]:
        """Yield the fields that are asked for of a node, those of its fragments included."""
        for selection in self.selections if selections is None else selections:
            part = self.part(selection)
            if part.name:
                yield part
            elif part.type in ("", node.type):
                yield from self.asked_of(node, part.selections)

    def part(self, selection: Field | str) -> Field:
        """Return a field as it is, and a fragment by its name."""
        if not isinstance(selection, str):
            return selection
        if selection not in self.fragments:
            raise Refused(f"Fragment {selection} was used, but not defined")
        return self.fragments[selection]

    def told(self, node: Node, selections: Sequence[Field | str]) -> dict[str, Any]:
        """Return what is asked for of a node; raises `Refused` for a field that it does not have."""
        return {field.alias: self._value(node, field) for field in self.asked_of(node, selections)}

    def _value(self, node: Node, field: Field) -> Any:
        if field.name not in node.fields:
            raise Refused(f"Field '{field.name}' doesn't exist on type '{node.type}'")
        value = node.fields[field.name]
        value = value(**field.arguments) if callable(value) else value
        if isinstance(value, list):
            return [self._told_of(each, field) for each in value]
        return self._told_of(value, field)

    def _told_of(self, value: Any, field: Field) -> Any:
        if isinstance(value, Node):
            if not field.selections:
                raise Refused(f"Field must have selections (field '{field.name}' returns {value.type})")
            return self.told(value, field.selections)
        return value


def parsed(text: str, variables: Mapping[str, Any]) -> Query:
    """Read a query with its variables; raises `Refused` for what is none."""
    return _Parser(text, variables).document()


class _Parser:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._tokens: list[str] = []
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise Refused(f"Parse error on {text[at]!r}")
            self._tokens += [found[1]] if found[1] else []
            at = found.end()
        self._at = 0

    def document(self) -> Query:
        selections: tuple[Field | str, ...] = ()
        fragments = {}
        while self._at < len(self._tokens):
            if self._takes("fragment"):
                name = self._next()
                self._expect("on")
                fragments[name] = Field("", "", {}, type=self._next(), selections=self._selections())
            else:
                self._takes("query")
                while self._peek() != "{":  # its name and the declarations of its variables
                    self._next()
                selections = self._selections()
        return Query(selections, fragments)

    def _selections(self) -> tuple[Field | str, ...]:
        self._expect("{")
        found: list[Field | str] = []
        while not self._takes("}"):
            found.append(self._selection())
        return tuple(found)

    def _selection(self) -> Field | str:
        if self._takes("..."):
            if self._takes("on"):
                return Field("", "", {}, type=self._next(), selections=self._selections())
            return self._next()
        alias = name = self._next()
        if self._takes(":"):
            name = self._next()
        arguments = self._arguments() if self._takes("(") else {}
        return Field(alias, name, arguments, self._selections() if self._peek() == "{" else ())

    def _arguments(self) -> dict[str, Any]:
        found = {}
        while not self._takes(")"):
            name = self._next()
            self._expect(":")
            found[name] = self._argument()
        return found

    def _argument(self) -> Any:
        word = self._next()
        if word == "[":
            values = []
            while not self._takes("]"):
                values.append(self._argument())
            return values
        if word.startswith("$"):
            if word[1:] not in self._variables:
                raise Refused(f"Variable {word} of type String! was provided invalid value")
            return self._variables[word[1:]]
        if word.startswith('"'):
            return word[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        return int(word) if word.lstrip("-").isdigit() else word

    def _peek(self) -> str:
        if self._at >= len(self._tokens):
            raise Refused("Unexpected end of document")
        return self._tokens[self._at]

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _takes(self, token: str) -> bool:
        is_there = self._at < len(self._tokens) and self._tokens[self._at] == token
        self._at += is_there
        return is_there

    def _expect(self, token: str) -> None:
        if not self._takes(token):
            raise Refused(f"Expected {token!r}, actual: {self._peek()!r}")
