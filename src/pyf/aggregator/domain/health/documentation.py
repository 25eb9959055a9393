"""Documentation: whether somebody who has found the package can learn from it what it is for and how it is used."""

from msgspec import UNSET, UnsetType

from .judging import Case, Judgement, Rule, Rules, whether


def _prose(case: Case) -> Judgement | UnsetType:
    length, limits = case.facts.prose, case.standards.thresholds
    if length is UNSET:
        return UNSET
    value = (length - limits.prose_least) / max(1, limits.prose_most - limits.prose_least)
    seen = f"The README has {_about(length)} characters of prose" if length else "There is no README to speak of"
    to_do = f"Say in some {limits.prose_most:,} characters what it is for, for whom, and how it is used"
    return Judgement(min(1.0, max(0.0, value)), seen, "" if value >= 1 else to_do)


def _about(length: int) -> str:
    return f"{round(length, -2):,}" if length >= 1000 else str(length)


def _example(case: Case) -> Judgement | UnsetType:
    if case.facts.has_example is UNSET:
        return UNSET
    return whether(
        case.facts.has_example,
        "The README shows code",
        "The README shows no code",
        "Show the shortest code that does something useful",
    )


def _docs_link(case: Case) -> Judgement | UnsetType:
    link = case.facts.docs_link
    if link is UNSET:
        return UNSET
    return whether(
        bool(link),
        f"Documentation: {link}",
        "No link to documentation beside PyPI's page and the repository",
        "Add a project URL labelled Documentation",
    )


def _changelog(case: Case) -> Judgement | UnsetType:
    found = case.facts.changelog
    if found is UNSET:
        return UNSET
    return whether(
        bool(found), f"Changelog: {found}", "No changelog", "Keep a changelog, and link to it or end the README with it"
    )


def _install(case: Case) -> Judgement | UnsetType:
    if case.facts.has_install_section is UNSET:
        return UNSET
    return whether(
        case.facts.has_install_section,
        "The README says how to install it",
        "The README does not say how to install it",
        "Add a section on installing",
    )


RULES: Rules = {
    "prose": Rule("length of the README's prose, without code, badges and changelog", _prose),
    "example": Rule("an example in code in the README", _example),
    "docs-link": Rule("a link to documentation that is neither PyPI nor the repository's front page", _docs_link),
    "changelog": Rule("a changelog in the README, or a link to one", _changelog),
    "install": Rule("how to install it, in the README", _install),
}
