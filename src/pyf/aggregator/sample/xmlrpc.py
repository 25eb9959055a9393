"""XML-RPC as the registry speaks it. The standard library writes answers too, but at half the speed."""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.parsers.expat import ExpatError
from xmlrpc.client import Error, loads

FAULT = -32500
THROTTLED = "HTTPTooManyRequests: The action could not be performed because there were too many requests by the client."


class Refused(Exception):
    """A call that is answered with a fault, for a reason that is part of the answer."""

    def __init__(self, text: str, code: int = FAULT) -> None:
        super().__init__(text)
        self.code = code


def call_of(body: bytes) -> tuple[str, tuple[Any, ...]]:
    """Return the method and the arguments of a call; raises `Refused` for what is none."""
    try:
        arguments, method = loads(body)
    except (ExpatError, Error, ValueError, TypeError, IndexError) as error:
        raise Refused(f"ParseError: {error}", -32700) from error
    if not method:
        raise Refused("ParseError: no method is called", -32700)
    return method, arguments


def response(value: object) -> bytes:
    """Return the answer that holds a value: text, integers, None, and mappings and sequences of them."""
    return _document(f"<params><param>{_value(value)}</param></params>")


def fault(text: str, code: int = FAULT) -> bytes:
    """Return the answer that refuses; its HTTP status is 200 all the same."""
    return _document(f"<fault>{_value({'faultCode': code, 'faultString': text})}</fault>")


def throttled(reset_in: float | None) -> bytes:
    """Return the refusal of a client that asks too much; the last sentence is left out for None."""
    return fault(THROTTLED if reset_in is None else f"{THROTTLED} Limit may reset in {reset_in:.0f} seconds.")


def _document(content: str) -> bytes:
    return f"<?xml version='1.0'?>\n<methodResponse>{content}</methodResponse>\n".encode()


def _value(value: object) -> str:
    if isinstance(value, str):
        return f"<value><string>{_escaped(value)}</string></value>"
    if isinstance(value, int):
        return f"<value><int>{value}</int></value>"
    if value is None:
        return "<value><nil/></value>"
    if isinstance(value, Mapping):
        members = "".join(f"<member><name>{_escaped(key)}</name>{_value(item)}</member>" for key, item in value.items())
        return f"<value><struct>{members}</struct></value>"
    if isinstance(value, Iterable):
        return f"<value><array><data>{''.join(map(_value, value))}</data></array></value>"
    raise TypeError(f"XML-RPC has no form for {type(value).__name__}")


def _escaped(text: str) -> str:
    # Journals are long and nearly free of these characters: looking first costs less than three replacements.
    if "&" in text or "<" in text or ">" in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text
