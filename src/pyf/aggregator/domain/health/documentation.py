"""Documentation: whether somebody who has found the package can learn from it what it is for and how it is used."""

from msgspec import UNSET, UnsetType

from .rules import Rule, RuleContext, RuleResult, Rules, pass_or_fail


def _check_prose(context: RuleContext) -> RuleResult | UnsetType:
    length, thresholds = context.signals.prose_length, context.scoring_config.thresholds
    if length is UNSET:
        return UNSET
    value = (length - thresholds.min_prose_length) / max(1, thresholds.full_prose_length - thresholds.min_prose_length)
    observation = (
        f"The README has {_format_length(length)} characters of prose" if length else "There is no README to speak of"
    )
    advice = f"Say in some {thresholds.full_prose_length:,} characters what it is for, for whom, and how it is used"
    return RuleResult(min(1.0, max(0.0, value)), observation, "" if value >= 1 else advice)


def _format_length(length: int) -> str:
    return f"{round(length, -2):,}" if length >= 1000 else str(length)


def _check_example(context: RuleContext) -> RuleResult | UnsetType:
    if context.signals.has_example is UNSET:
        return UNSET
    return pass_or_fail(
        context.signals.has_example,
        "The README shows code",
        "The README shows no code",
        "Show the shortest code that does something useful",
    )


def _check_docs_link(context: RuleContext) -> RuleResult | UnsetType:
    link = context.signals.docs_link
    if link is UNSET:
        return UNSET
    return pass_or_fail(
        bool(link),
        f"Documentation: {link}",
        "No link to documentation beside PyPI's page and the repository",
        "Add a project URL labelled Documentation",
    )


def _check_changelog(context: RuleContext) -> RuleResult | UnsetType:
    location = context.signals.changelog
    if location is UNSET:
        return UNSET
    return pass_or_fail(
        bool(location),
        f"Changelog: {location}",
        "No changelog",
        "Keep a changelog, and link to it or end the README with it",
    )


def _check_install(context: RuleContext) -> RuleResult | UnsetType:
    if context.signals.has_install_section is UNSET:
        return UNSET
    return pass_or_fail(
        context.signals.has_install_section,
        "The README says how to install it",
        "The README does not say how to install it",
        "Add a section on installing",
    )


RULES: Rules = {
    "prose": Rule("length of the README's prose, without code, badges and changelog", _check_prose),
    "example": Rule("an example in code in the README", _check_example),
    "docs-link": Rule("a link to documentation that is neither PyPI nor the repository's front page", _check_docs_link),
    "changelog": Rule("a changelog in the README, or a link to one", _check_changelog),
    "install": Rule("how to install it, in the README", _check_install),
}
