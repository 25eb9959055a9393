"""How much of everything a list has room for, so that it never has more than 60 KB, whatever packages say."""

from msgspec import Struct

# Bytes of HTML that a list may have.
MAX_PAGE_BYTES = 60_000


class PageBudget(Struct, frozen=True, kw_only=True):
    """Room for the parts of a list, in bytes of HTML where nothing else is said.

    `summary` is for each package, `label` for each value of a filter that is named, `values` for all that can be
    chosen. `versions` is how many of a framework are named, and `frameworks` how many of these. `chips` is how many
    filters that are set are named above the list. `link` is how long an address may be that links repeat; beyond,
    the ways on are buttons of the filters' form. Without `extras` numbers are not drawn and flags not explained.
    """

    summary_bytes: int
    label_bytes: int
    values_bytes: int
    max_frameworks: int
    max_versions: int
    max_chips: int
    max_link_length: int
    with_extras: bool


# A list is told with the first of these that it fits in; what anybody really asks fits in the first one.
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
    """A way from a list to another one: a link; or, where `address` is "", a button of the filters' form.

    The button adds `name` and `value` to what the form asks for.
    """

    url: str
    name: str
    value: str


def action_for(url: str, name: str, value: str, budget: PageBudget) -> Action:
    """Return a way, as a link where there is room for its address."""
    return Action(url=url if len(url) <= budget.max_link_length else "", name=name, value=value)
