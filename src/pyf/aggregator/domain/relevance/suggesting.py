"""Which names somebody may be typing, who has typed so much of one."""

from collections.abc import Iterable

from .lexicon import Lexicon
from .names import NameForms, name_forms
from .slips import are_near, slips_in
from .words import words

# What a name is, to what was typed: its beginning, that of one of its parts, or near to one of these.
BEGINS, PART_BEGINS, NEAR = 3, 2, 1


def typed_of(text: str) -> str:
    """Return what was typed as names are compared with it: letters and digits only."""
    return "".join(words(text))


def likeness(typed: str, name_normalized: str, lexicon: Lexicon) -> int:
    """Return how much like a name's beginning something is, the higher the liker; 0 for not at all."""
    forms = name_forms(name_normalized, lexicon)
    if not typed:
        return 0
    if forms.whole.startswith(typed) or forms.own.startswith(typed):
        return BEGINS
    if any(run.startswith(typed) for run in forms.runs):
        return PART_BEGINS
    return NEAR if _is_near(typed, forms) else 0


def least_likeness(found: Iterable[int]) -> int:
    """Return from where on names are suggested: what is only near is where nothing begins with what was typed."""
    return PART_BEGINS if max(found, default=0) > NEAR else NEAR


def _is_near(typed: str, forms: NameForms) -> bool:
    slips = slips_in(typed)
    beginnings = {run[: len(typed) + extra] for run in forms.runs for extra in range(-slips, slips + 1)}
    return bool(slips) and any(are_near(typed, each, slips) for each in beginnings)
