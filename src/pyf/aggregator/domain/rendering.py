"""Makes safe HTML and plain-text parts of a README, with the renderers that PyPI itself uses.

Only the processes that render import this module: docutils and the others take 40 MB. How long a README takes can't
be bounded from here, see `adapters.rendering`; how long a text, how deep and how large a result may be, is.
"""

from readme_renderer.markdown import variants

from .chapters import NestingTooDeep, split_sections
from .plain_readme import MAX_TEXT_LENGTH, render_plain_text, clean_readme
from .readme import Readme, RenderedReadme
from .rst import render_rst
from .safe_html import sanitize_html, sanitize_keeping_groups

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
