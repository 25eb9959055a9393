"""Control characters are replaced in text, and escaped in JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.controls import escape_controls, escape_utf8_controls, replace_controls

CONTROLS = [*map(chr, range(0x7F, 0xA0)), *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]


@pytest.mark.parametrize("control", CONTROLS)
def test_control_is_replaced_and_escaped(control: str) -> None:
    text = json.dumps(f"a{control}b", ensure_ascii=False)

    assert replace_controls(f"a{control}b") == "a\ufffdb"
    assert escape_controls(text) == f'"a\\u{ord(control):04x}b"'
    assert escape_utf8_controls(text.encode()) == escape_controls(text).encode()


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x08", "\x0b", "\r", "\x1b", "\x1f"])
def test_control_of_ascii_is_replaced_unless_it_is_style(control: str) -> None:
    assert replace_controls(f"a{control}b") == "a\ufffdb"
    assert replace_controls(f"a{control}b", keep_ascii=True) == f"a{control}b"


@pytest.mark.parametrize("text", ["", "plain", "tab\tand\nline", "äöü €", "日本語", "🎉", "עברית", "\u200b\u00a0"])
def test_other_text_is_kept(text: str) -> None:
    assert replace_controls(text) == escape_controls(text) == escape_utf8_controls(text.encode()).decode() == text


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_escaped_json_has_the_same_value(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)

    assert json.loads(escape_controls(text)) == value
    if all(not 0xD800 <= ord(character) < 0xE000 for character in text):
        assert escape_utf8_controls(text.encode()) == escape_controls(text).encode()
