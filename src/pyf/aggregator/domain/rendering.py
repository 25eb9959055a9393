"""Makes safe HTML and plain-text parts of a README, with the renderers that PyPI itself uses.

Only the processes that render import this module: docutils and the others take 40 MB. How long a README takes can't
be bounded from here, see `adapters.rendering`; how long a text, how deep and how large a result may be, is.
"""

from readme_renderer.markdown import variants

from .chapters import TooDeep, chapters
from .plain_readme import MAX_TEXT, as_plain_text, legible
from .readme import Readme, Rendered
from .rst import html_of_rst
from .safe_html import sanitized, tidied

# A text can grow by references, footnotes and reconstructed formatting; this is far beyond what markup takes.
MAX_HTML = 5 * MAX_TEXT

_DEFAULT_VARIANT = "GFM"


def rendered(readme: Readme) -> Rendered:
    """Render a README by its content type; where that fails, as plain text.

    An unknown type, or none, means reStructuredText, as it does on PyPI. The HTML is empty only if the text is blank.
    """
    readme = legible(readme)
    media_type, variant = _parsed(readme.content_type)
    if media_type == "text/plain" or not readme.text.strip():
        return as_plain_text(readme)
    html = _html_of_markdown(readme.text, variant) if media_type == "text/markdown" else html_of_rst(readme.text)
    if len(html) > MAX_HTML:
        return as_plain_text(readme)
    try:
        parts = chapters(tidied(html), readme.summary)
    except TooDeep:
        return as_plain_text(readme)
    safe = sanitized(parts.html)
    if parts.blank or len(safe) > MAX_HTML:
        return as_plain_text(readme)
    return Rendered(
        html=safe,
        title=parts.title,
        first_chapter=parts.first_chapter,
        main_content=parts.main_content,
        changelog=parts.changelog,
    )


def _parsed(content_type: str) -> tuple[str, str]:
    """Return the media type, in lower case, and the `variant` parameter of a content type."""
    media_type, *parameters = content_type.split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    values = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    return media_type.strip().lower(), values.get("variant", _DEFAULT_VARIANT)


def _html_of_markdown(text: str, variant: str) -> str:
    """Return Markdown as HTML that is not safe yet.

    PyPI's `render` would then colour the code, in half of the whole time, with classes that do not come through.
    """
    return variants.get(variant, variants[_DEFAULT_VARIANT])(text)
