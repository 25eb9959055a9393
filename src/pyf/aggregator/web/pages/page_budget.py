"""Size limits for the parts of a search page, so that it never exceeds 60 KB, whatever texts packages have."""

from collections.abc import Callable

from msgspec import Struct

# Bytes of HTML.
MAX_PAGE_BYTES = 60_000


class PageBudget(Struct, frozen=True, kw_only=True):
    """Limits for the parts of a search page.

    Attributes:
        summary_bytes: bytes of HTML for each summary.
        label_bytes: bytes of HTML for each label of a filter value.
        values_bytes: bytes of HTML for all filter values that can be selected.
        max_frameworks: frameworks for each package.
        max_versions: versions for each framework.
        max_chips: active filters above the list.
        max_link_length: characters of a URL in a link; for longer ones, buttons of the filter form replace the links.
        with_extras: whether there are sparklines and explanations of flags.
    """

    summary_bytes: int
    label_bytes: int
    values_bytes: int
    max_frameworks: int
    max_versions: int
    max_chips: int
    max_link_length: int
    with_extras: bool


# Tried in this order until the page fits. Ordinary searches fit into the first one.
BUDGETS = (
    PageBudget(
        summary_bytes=600,
        label_bytes=400,
        values_bytes=24_000,
        max_frameworks=6,
        max_versions=4,
        max_chips=30,
        max_link_length=400,
        with_extras=True,
    ),
    PageBudget(
        summary_bytes=300,
        label_bytes=160,
        values_bytes=8_000,
        max_frameworks=2,
        max_versions=3,
        max_chips=30,
        max_link_length=160,
        with_extras=True,
    ),
    PageBudget(
        summary_bytes=160,
        label_bytes=100,
        values_bytes=6_000,
        max_frameworks=1,
        max_versions=2,
        max_chips=12,
        max_link_length=120,
        with_extras=False,
    ),
    PageBudget(
        summary_bytes=40,
        label_bytes=40,
        values_bytes=0,
        max_frameworks=1,
        max_versions=1,
        max_chips=4,
        max_link_length=80,
        with_extras=False,
    ),
)
FULL_BUDGET = BUDGETS[0]


class Action(Struct, frozen=True, kw_only=True):
    """A step to another list: a link, or, if `url` is "", a button of the filter form that adds `name` and `value`."""

    url: str
    name: str
    value: str


def action_for(url: str, name: str, value: str, budget: PageBudget) -> Action:
    """Return an action, as a link if the URL fits into the budget."""
    return Action(url=url if len(url) <= budget.max_link_length else "", name=name, value=value)


def render_within_budget(render: Callable[[PageBudget], str]) -> str:
    """Return the page that `render` makes with the first budget that keeps it below `MAX_PAGE_BYTES`."""
    for budget in BUDGETS:
        html = render(budget)
        if len(html.encode()) <= MAX_PAGE_BYTES:
            break
    return html
