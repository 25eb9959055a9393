"""Render READMEs to safe HTML and plain-text parts, with the renderers that PyPI uses.

Only rendering processes import this module: docutils and the other renderers take 40 MB. This module limits the length
of a text, and the depth and size of a result; the time is limited in `adapters.rendering`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from docutils import nodes
from docutils.core import publish_parts
from docutils.parsers.rst import roles
from docutils.writers.html5_polyglot import Writer
from readme_renderer.markdown import variants
from readme_renderer.rst import SETTINGS, ReadMeHTMLTranslator

from .markup import prepare_html
from .plain_text import MAX_TEXT_LENGTH, Readme, RenderedReadme, clean_readme, render_plain_text
from .safe_html import sanitize_html, sanitize_keeping_groups
from .sections import NestingTooDeep, split_sections

_SETTINGS = {
    **SETTINGS,
    # No file is read: neither one that the text includes nor a configuration file of docutils.
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    # Highlighting takes a tenth of the time and fails for an unknown language; its classes are removed anyway.
    "syntax_highlight": "none",
    "section_self_link": False,
    # Quotes are searched as written.
    "smart_quotes": False,
    "warning_stream": False,
}


class _Translator(ReadMeHTMLTranslator):
    """A translator that uses elements where docutils uses classes, which are removed later."""

    def visit_literal(self, node: nodes.literal) -> None:
        node["classes"].append("code")
        super().visit_literal(node)


def render_rst(text: str) -> str:
    """Render reStructuredText to HTML that is not safe yet; "" for an invalid text, as on PyPI."""
    writer = Writer()
    writer.translator_class = _Translator
    with _isolate_roles():
        try:
            parts = publish_parts(text, writer=writer, settings_overrides=_SETTINGS)
        except Exception:  # SystemMessage for an error in the text; unusual texts raise other errors in docutils
            return ""
    return str(parts["docinfo"]) + str(parts["fragment"])


@contextmanager
def _isolate_roles() -> Iterator[None]:
    """Restore docutils' table of roles, which is global: roles of one text must not affect the next one."""
    table: dict[str, object] = vars(roles)["_roles"]
    saved_roles = dict(table)
    try:
        yield
    finally:
        table.clear()
        table.update(saved_roles)


# References, footnotes and reconstructed formatting can multiply a text; regular markup stays far below this.
MAX_HTML_LENGTH = 5 * MAX_TEXT_LENGTH

_DEFAULT_VARIANT = "GFM"
_KNOWN_TYPES = frozenset({"text/markdown", "text/x-rst", "text/plain"})
_MARKDOWN_NAMES = frozenset({"markdown", "md", "x-markdown", "x-md", "gfm", "x-gfm", "commonmark"})


def _compile_all(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.MULTILINE) for pattern in patterns)


# What only Markdown has. Setext headings and emphasis look alike in both.
_MARKDOWN = _compile_all(
    r"^ {0,3}#{1,6} +\S",
    r"^ {0,3}(?:```|~~~)",
    r"!?\[[^\]\n]{0,200}\]\([^)\s]{1,500}[^)\n]{0,200}\)",
    r"^ {0,3}\[[^\]\n]{1,100}\]: +\S",
    r"^\s{0,8}[-*] \[[ xX]\] ",
    r"^ {0,3}\|?(?: ?:?-{3,}:? ?\|)+",
    r"^<(?:p|div|h1|h2|center|img|a|br|details|table)\b",
    r"(?<![`\w])`[^`\n]{1,100}`(?![`_\w])",
    r"\*\*\[",
)
_RST = _compile_all(
    r"^ {0,8}\.\. (?:[\w-]+::|_[^:\n]{1,100}:|\|[^|\n]{1,100}\| |\[#?\w*\] )",
    r"`[^`\n]{1,200}<[^>\n]{1,500}>`__?",
    r"(?<!`)``[^`\n]{1,200}``(?!`)",
    r":[a-z]{2,20}:`",
    r"^[^\n]{0,200}\S::$",
    r"^:[A-Za-z][\w ]{0,30}: ",
    r"^(?:=+|-+|~+|\^+|\*+|\++|#+)\n[^\n]{1,200}\n(?:=+|-+|~+|\^+|\*+|\++|#+)$",
    r"\w__?(?![\w`])(?=[\s.,;:)])",
)

# Characters of a text that are enough to recognize Markdown.
_MAX_SAMPLE_LENGTH = 20_000


def render_readme(readme: Readme) -> RenderedReadme:
    """Render a README by its content type; if that fails, as plain text.

    An unknown or missing type means reStructuredText, as on PyPI, unless the text plainly is Markdown. The HTML is
    empty only for a blank text.
    """
    readme = clean_readme(readme)
    media_type, variant = _parse_content_type(readme.content_type)
    if media_type == "text/plain" or not readme.text.strip():
        return render_plain_text(readme)
    if media_type not in _KNOWN_TYPES and is_markdown(readme.text):
        media_type = "text/markdown"
    html = _render_markdown(readme.text, variant) if media_type == "text/markdown" else render_rst(readme.text)
    html = prepare_html(html)
    if len(html) > MAX_HTML_LENGTH:
        return render_plain_text(readme)
    try:
        sections = split_sections(sanitize_keeping_groups(html), readme.summary)
    except NestingTooDeep:
        return render_plain_text(readme)
    safe_html = sanitize_html(sections.html)
    if sections.is_blank or len(safe_html) > MAX_HTML_LENGTH:
        return render_plain_text(readme)
    return RenderedReadme(
        html=safe_html,
        title=sections.title,
        first_chapter=sections.first_chapter,
        main_content=sections.main_content,
        changelog=sections.changelog,
    )


def _parse_content_type(content_type: str) -> tuple[str, str]:
    """Return the media type (lower case) and the `variant` parameter of a content type."""
    media_type, *parameters = content_type.split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    values = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    media_type = media_type.strip().lower()
    if media_type.rpartition("/")[2] in _MARKDOWN_NAMES:
        media_type = "text/markdown"
    return media_type, values.get("variant", _DEFAULT_VARIANT)


def _render_markdown(text: str, variant: str) -> str:
    """Render Markdown to HTML that is not safe yet.

    PyPI's `render` also highlights code, which takes half of the time; its classes are removed anyway.
    """
    return variants.get(variant, variants[_DEFAULT_VARIANT])(text)


def is_markdown(text: str) -> bool:
    """Return whether a text plainly is Markdown: it has more of its marks than of reStructuredText's."""
    sample = text[:_MAX_SAMPLE_LENGTH].replace("\r\n", "\n")
    markdown = sum(len(pattern.findall(sample)) for pattern in _MARKDOWN)
    return markdown > 0 and markdown > 2 * sum(len(pattern.findall(sample)) for pattern in _RST)
