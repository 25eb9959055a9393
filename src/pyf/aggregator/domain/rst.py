"""Turns reStructuredText into HTML as PyPI does; what a text defines or names stays within that text."""

from collections.abc import Iterator
from contextlib import contextmanager

from docutils import nodes
from docutils.core import publish_parts
from docutils.parsers.rst import roles
from docutils.writers.html5_polyglot import Writer
from readme_renderer.rst import SETTINGS, ReadMeHTMLTranslator

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
