"""Tiers of names: how well a name matches a query as a whole. Within a tier quality decides."""

from .names import NameForms
from .pasted import Pasted
from .query import ParsedQuery
from .searchable import Searchable
from .tokenizer import is_within_typos

# The tiers of names that match as a whole; a framework that the query names adds one, except to the first two. The
# beginning of a name, and a name with a typo, rank higher if a word of the query is unknown.
EXACT, NAMED, LITERAL, CORE, STEMMED, PREFIX = 27, 26, 24, 22, 21, 11
UNKNOWN_PREFIX = 18
# The tiers of a name with one typo or two in the complete name, and in its core.
WHOLE_TYPO_TIERS, CORE_TYPO_TIERS = (20, 16), (17, 15)
# The tiers of what a pasted text refers to: a repository, and names, of which each further one has two tiers less.
PASTED_REPOSITORY, PASTED_NAME, PASTED_MODULE, PASTED_STEP = 40, 39, 38, 2


def get_name_tier(query: ParsedQuery, project: Searchable, forms: NameForms, *, is_favored: bool) -> int:
    """Return the tier of a project whose name matches as a whole, the higher the better; 0 if it does not."""
    if query.pasted and (pasted_tier := _get_pasted_tier(query.pasted, project, forms)):
        return pasted_tier
    if query.whole == forms.whole:
        return EXACT
    if forms.whole in query.contained_names:
        return NAMED
    if is_literal_match(query, forms):
        return LITERAL + is_favored
    # A synonym of a name matches only if the framework matches as well, if the query has one.
    if is_synonym_match(query, forms) and (is_favored or not query.frameworks):
        return CORE + is_favored
    if any(module in project.aliases for module in query.padded_modules):
        return CORE + is_favored
    if is_stemmed_match(query, forms) and (is_favored or not query.frameworks):
        return STEMMED + is_favored
    typo_tier = _get_typo_tier(query, forms, is_favored=is_favored)
    if is_prefix_match(query, forms):
        return max(typo_tier, (UNKNOWN_PREFIX if query.is_misspelled else PREFIX) + is_favored)
    return typo_tier


def is_literal_match(query: ParsedQuery, forms: NameForms) -> bool:
    """Return whether the core of a name is the core of the query, in the same words."""
    return not query.literal_cores.isdisjoint((forms.core, forms.whole, forms.core_without_digits))


def is_synonym_match(query: ParsedQuery, forms: NameForms) -> bool:
    """Return whether the core of a name is a synonym of the query."""
    return not query.alternative_names.isdisjoint((forms.core, forms.whole, forms.core_without_digits))


def is_stemmed_match(query: ParsedQuery, forms: NameForms) -> bool:
    """Return whether the core of a name is the core of the query in another form; "base64" is no form of "base"."""
    return query.stems == forms.stems and (not query.has_number or forms.core != forms.core_without_digits)


def is_prefix_match(query: ParsedQuery, forms: NameForms) -> bool:
    """Return whether a name begins with the query, or contains all of its words in a row."""
    if query.is_prefix and forms.whole.startswith(query.whole):
        return True
    if query.core_prefix and forms.core.startswith(query.core_prefix):
        return True
    return len(query.terms) > 1 and forms.has_joined(query.core)


def _get_pasted_tier(pasted: Pasted, project: Searchable, forms: NameForms) -> int:
    """Return the tier of a project that a pasted text refers to, 0 for another one."""
    if pasted.repository and f" {pasted.repository} " in project.aliases:
        return PASTED_REPOSITORY
    for number, name in enumerate(pasted.names):
        if name == forms.whole:
            return PASTED_NAME - PASTED_STEP * number
        if name == forms.core or f" {name} " in project.aliases:
            return PASTED_MODULE - PASTED_STEP * number
    return 0


def _get_typo_tier(query: ParsedQuery, forms: NameForms, *, is_favored: bool) -> int:
    """Return the tier of a name that the query misspells, 0 for another name."""
    if forms.whole in query.swapped_names:
        return (WHOLE_TYPO_TIERS[0] if query.is_misspelled else PREFIX) + is_favored
    if query.is_misspelled and not query.swapped_names.isdisjoint((forms.core, forms.core_without_digits)):
        return CORE_TYPO_TIERS[0] + is_favored
    for typos in range(1, max(query.whole_typos, query.core_typos) + 1):
        if typos <= query.whole_typos and is_within_typos(query.whole, forms.whole, typos):
            return (WHOLE_TYPO_TIERS[typos - 1] if query.is_misspelled else PREFIX) + is_favored
        cores = (forms.core, forms.core_without_digits)
        if typos <= query.core_typos and any(is_within_typos(query.core, core, typos) for core in cores):
            return CORE_TYPO_TIERS[typos - 1] + is_favored
    return 0
