"""Turns reStructuredText into HTML as PyPI does; what a text defines or names stays within that text.

Makes safe HTML and plain-text parts of a README, with the renderers that PyPI itself uses.

Only the processes that render import this module: docutils and the others take 40 MB. How long a README takes can't
be bounded from here, see `adapters.rendering`; how long a text, how deep and how large a result may be, is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from docutils import nodes
from docutils.core import publish_parts
from docutils.parsers.rst import roles
from docutils.writers.html5_polyglot import Writer
from readme_renderer.markdown import variants
from readme_renderer.rst import SETTINGS, ReadMeHTMLTranslator

from .plain_text import MAX_TEXT_LENGTH, Readme, RenderedReadme, clean_readme, render_plain_text
from .safe_html import sanitize_html, sanitize_keeping_groups
from .sections import NestingTooDeep, split_sections

_SETTINGS = {
    **SETTINGS,
    # Files play no part: none that the text names, and no configuration of docutils that happens to lie around.
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    # Colours would go with the classes anyway, take a tenth of the time, and fail a text for an unknown language.
    "syntax_highlight": "none",
    "section_self_link": False,
    # Quotes are searched as they were typed.
    "smart_quotes": False,
    "warning_stream": False,
}


class _Translator(ReadMeHTMLTranslator):
    """Says with elements what docutils says with classes."""

    def visit_literal(self, node: nodes.literal) -> None:
        node["classes"].append("code")
        super().visit_literal(node)


def render_rst(text: str) -> str:
    """Return HTML that is not safe yet, "" if the text is not valid: one error fails all of it, as on PyPI."""
    writer = Writer()
    writer.translator_class = _Translator
    with _isolate_roles():
        try:
            parts = publish_parts(text, writer=writer, settings_overrides=_SETTINGS)
        except Exception:  # SystemMessage for an error in the text, and whatever else strange texts provoke in docutils
            return ""
    return str(parts["docinfo"]) + str(parts["fragment"])


@contextmanager
def _isolate_roles() -> Iterator[None]:
    """Undo what a text changes in docutils' table of roles, which is one for the process.

    Otherwise the next text would find roles there that it does not define, even in place of the standard ones.
    """
    table: dict[str, object] = vars(roles)["_roles"]
    saved_roles = dict(table)
    try:
        yield
    finally:
        table.clear()
        table.update(saved_roles)


# A text can grow by references, footnotes and reconstructed formatting; this is far beyond what markup takes.
MAX_HTML_LENGTH = 5 * MAX_TEXT_LENGTH

_DEFAULT_VARIANT = "GFM"


def render_readme(readme: Readme) -> RenderedReadme:
    """Render a README by its content type; where that fails, as plain text.

    An unknown type, or none, means reStructuredText, as it does on PyPI. The HTML is empty only if the text is blank.
    """
    readme = clean_readme(readme)
    media_type, variant = _parse_content_type(readme.content_type)
    if media_type == "text/plain" or not readme.text.strip():
        return render_plain_text(readme)
    html = _render_markdown(readme.text, variant) if media_type == "text/markdown" else render_rst(readme.text)
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
    """Return the media type, in lower case, and the `variant` parameter of a content type."""
    media_type, *parameters = content_type.split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    values = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    return media_type.strip().lower(), values.get("variant", _DEFAULT_VARIANT)


def _render_markdown(text: str, variant: str) -> str:
    """Return Markdown as HTML that is not safe yet.

    PyPI's `render` would then colour the code, in half of the whole time, with classes that do not come through.
    """
    return variants.get(variant, variants[_DEFAULT_VARIANT])(text)
