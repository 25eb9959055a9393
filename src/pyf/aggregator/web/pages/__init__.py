"""The pages for people."""

from litestar import Router, get
from litestar.response import Template

from ..site import TheSite


@get("/", sync_to_thread=True)
def start(site: TheSite) -> Template:
    """Show what there is to search; an index that nothing has been fetched into says how to fill it."""
    return Template("start.html", context={"shelves": site.shelves()})


pages = Router("/", route_handlers=[start], include_in_schema=False)
