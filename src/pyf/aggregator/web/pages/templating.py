"""The templates, and what all of them may use."""

from hashlib import blake2b
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from .chrome import Layout

_WEB_DIR = Path(__file__).parent.parent


def create_environment() -> Environment:
    """Return the templates: what is put in is escaped, and what is missing is a defect."""
    environment = Environment(
        loader=FileSystemLoader(_WEB_DIR / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["coded"] = render_code
    static_urls = {path.name: _versioned_url(path) for path in sorted((_WEB_DIR / "static").iterdir()) if path.suffix}
    # A page about a failure is put in no frame by a handler.
    environment.globals |= {"static": static_urls.__getitem__, "site": Layout(), "shelf": None, "is_start": False}
    return environment


def render_code(text: str) -> Markup:
    """Return text as HTML in which what stands between two backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def _versioned_url(path: Path) -> str:
    """Return a file's address with a tag of its content, so that a copy which a browser keeps is never out of date."""
    return f"/static/{path.name}?v={blake2b(path.read_bytes(), digest_size=5).hexdigest()}"
