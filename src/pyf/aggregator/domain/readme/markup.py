"""Prepare rendered HTML for the sanitizer: keep the meaning of elements that it removes, and mark relative URLs."""

import re
from collections.abc import Callable, Mapping
from html import escape, unescape

_TAG = re.compile(
    r"""<(a|img|input|video|audio|iframe|embed|object|source)\b((?:"[^"]*"|'[^']*'|[^"'<>]){0,4000}+)>""", re.IGNORECASE
)
# Most links and images are absolute: their attributes need no parsing.
_ABSOLUTE = re.compile(r"""\s(?:href|src)=["'](?:https?:|mailto:|#)""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-zA-Z][a-zA-Z0-9-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_BLOCK_START = re.compile("<(math|svg|noscript|progress|meter)", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]*>")
# GitHub's renderer escapes the start of these two elements.
_SVG_TITLE = re.compile(r"(?:<|&lt;)title\b[^<>]{0,200}>([^<&]{0,500})(?:<|&lt;)/title>", re.IGNORECASE)
_ESCAPED_IFRAME = re.compile(r"&lt;(iframe)\b([^<>]{0,500})>(?:\s*&lt;/iframe>)?", re.IGNORECASE)
_ANNOTATION = re.compile(r"<annotation\b[^<>]*>([^<]*)</annotation>", re.IGNORECASE)

CHECKED, UNCHECKED, CHOSEN, NOT_CHOSEN = "\u2611", "\u2610", "\u25c9", "\u25cb"

# Embedded content that becomes a link: the attribute with its URL, and the text of the link.
_EMBEDDED = {
    "video": ("src", "Video"),
    "audio": ("src", "Audio"),
    "iframe": ("src", "Embedded page"),
    "embed": ("src", "Embedded content"),
    "object": ("data", "Embedded content"),
}

# No host, no anchor of the same text, and no colon that an obfuscated scheme may end in.
RELATIVE_URL = re.compile(r"(?!//|[#?]|[^/?#]{0,500}:)[^\x00-\x20\x7f<>\"\\]{1,500}")


def prepare_html(html: str) -> str:
    """Return HTML, not safe yet, whose meaning survives the sanitizer.

    Task lists, choices, formulas, titles of drawings and embedded media become text or links. Relative URLs are copied
    to `data-href` and `data-src`: only a reader of the document knows the repository that they belong to.
    """
    for tag in sorted({match[1].lower() for match in _BLOCK_START.finditer(html)}):
        html = _replace_blocks(html, tag, _BLOCKS[tag])
    html = _ESCAPED_IFRAME.sub(lambda match: _build_media_link("iframe", _parse_attributes(match[2])) or match[0], html)
    return _TAG.sub(_replace_tag, html)


def _replace_tag(match: re.Match[str]) -> str:
    tag = match[1].lower()
    if tag == "input":
        return _format_input(_parse_attributes(match[2]))
    if tag in _EMBEDDED or tag == "source":
        return _build_media_link(tag, _parse_attributes(match[2])) + match[0]
    if tag == "a":
        return _mark_relative(match, "href")
    if tag == "img":
        return _mark_relative(match, "src")
    return match[0]


def _mark_relative(match: re.Match[str], name: str) -> str:
    url = "" if _ABSOLUTE.search(match[2]) else _parse_attributes(match[2]).get(name, "").strip()
    if not RELATIVE_URL.fullmatch(url):
        return match[0]
    return f'<{match[1]} data-{name}="{escape(url)}" {match[2].strip()}>'


def _parse_attributes(text: str) -> Mapping[str, str]:
    attributes: dict[str, str] = {}
    for name, double, single, plain in _ATTRIBUTE.findall(text):
        attributes.setdefault(name.lower(), unescape(double or single or plain))
    return attributes


def _format_input(attributes: Mapping[str, str]) -> str:
    match attributes.get("type", "").strip().lower():
        case "checkbox":
            return CHECKED if "checked" in attributes else UNCHECKED
        case "radio":
            return CHOSEN if "checked" in attributes else NOT_CHOSEN
        case "hidden" | "password" | "file":
            return ""
        case _:
            return escape(attributes.get("value", ""))


def _build_media_link(tag: str, attributes: Mapping[str, str]) -> str:
    name, label = _EMBEDDED.get(tag, ("src", "Media"))
    url = attributes.get(name, "").strip()
    text = attributes.get("title", "").strip() or label
    return f'<a href="{escape(url)}">{escape(text)}</a> ' if url.startswith(("http://", "https://")) else ""


def _replace_blocks(html: str, tag: str, to_text: Callable[[str, str], str]) -> str:
    """Replace elements with their content by text; `to_text` gets the start tag and the content."""
    lower, start_tag, end_tag = html.lower(), f"<{tag}", f"</{tag}>"
    if len(lower) != len(html) or start_tag not in lower:  # some letters have a longer lower case
        return html
    parts, position = [], 0
    while (start := lower.find(start_tag, position)) >= 0:
        opened, end = lower.find(">", start), lower.find(end_tag, start)
        if opened < 0 or end < opened:
            break
        is_tag = not lower[start + len(start_tag)].isalnum()
        parts.append(html[position:start])
        parts.append(
            to_text(html[start:opened], html[opened + 1 : end]) if is_tag else html[start : end + len(end_tag)]
        )
        position = end + len(end_tag)
    return "".join([*parts, html[position:]])


def _format_math(start_tag: str, content: str) -> str:
    annotation = _ANNOTATION.search(content)
    text = _parse_attributes(start_tag[5:]).get("alttext") or (unescape(annotation[1]) if annotation else "")
    return f"<code>{escape(text or unescape(_ANY_TAG.sub('', content)))}</code>"


def _format_svg(start_tag: str, content: str) -> str:
    title = _SVG_TITLE.search(content)
    return escape(_parse_attributes(start_tag[4:]).get("aria-label") or (unescape(title[1]) if title else ""))


def _format_progress(start_tag: str, content: str) -> str:
    attributes = _parse_attributes(start_tag)
    try:
        share = float(attributes.get("value", "")) / float(attributes.get("max", "1"))
        return f"{share:.0%}"
    except (ValueError, ZeroDivisionError, OverflowError):
        return content


_BLOCKS: Mapping[str, Callable[[str, str], str]] = {
    "math": _format_math,
    "svg": _format_svg,
    "noscript": lambda _start_tag, content: content,
    "progress": _format_progress,
    "meter": _format_progress,
}
