"""A README as published, and what rendering makes of it; the rendering itself is in `rendering`."""

from hashlib import sha256

from msgspec import UNSET, Struct, UnsetType


class Readme(Struct, frozen=True, kw_only=True):
    """A README's text and content type as published; `summary` opens the first chapter."""

    text: str
    content_type: str = ""
    summary: str = ""

    @property
    def fingerprint(self) -> str:
        """A digest of everything that rendering depends on."""
        digest = sha256()
        for part in (self.content_type, self.summary, self.text):
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
        return digest.hexdigest()


class RenderedReadme(Struct, frozen=True, kw_only=True):
    """A README as safe HTML, and its parts as plain text; a part that the README lacks is Unset.

    `title` is the first heading; `first_chapter` the summary and what comes before the second heading;
    `main_content` the rest; `changelog` everything from the first heading that reads like one.
    """

    html: str = ""
    title: str | UnsetType = UNSET
    first_chapter: str | UnsetType = UNSET
    main_content: str | UnsetType = UNSET
    changelog: str | UnsetType = UNSET
