"""Messages between the main process and a rendering worker."""

from msgspec import Struct

from ...domain.readme.plain_text import RenderedReadme

# A worker's first message. A `Readme` is sent and a `RenderResponse` returned as MessagePack.
READY = b""


class RenderResponse(Struct, frozen=True, kw_only=True):
    """Result of one README, or the traceback of a defect in our code."""

    rendered: RenderedReadme | None = None
    defect: str = ""
