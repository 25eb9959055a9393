"""Documentation rules: whether a reader learns what the package is for and how to use it."""

from .rules import Rule, RuleContext, RuleResult, Rules, pass_or_fail, requires_signal


@requires_signal(lambda signals: signals.prose_length)
def _check_prose(context: RuleContext, length: int) -> RuleResult:
    thresholds = context.scoring_config.thresholds
    value = (length - thresholds.min_prose_length) / max(1, thresholds.full_prose_length - thresholds.min_prose_length)
    observation = (
        f"The README has {_format_length(length)} characters of prose" if length else "The README has no prose"
    )
    advice = f"Describe in about {thresholds.full_prose_length:,} characters its purpose, its audience and its usage"
    return RuleResult(min(1.0, max(0.0, value)), observation, "" if value >= 1 else advice)


def _format_length(length: int) -> str:
    return f"{round(length, -2):,}" if length >= 1000 else str(length)


@requires_signal(lambda signals: signals.has_example)
def _check_example(_context: RuleContext, has_example: bool) -> RuleResult:
    return pass_or_fail(
        has_example,
        "The README has example code",
        "The README has no example code",
        "Add the shortest code that does something useful",
    )


@requires_signal(lambda signals: signals.docs_link)
def _check_docs_link(_context: RuleContext, link: str) -> RuleResult:
    return pass_or_fail(
        bool(link),
        f"Documentation: {link}",
        "No link to documentation, apart from PyPI's page and the repository",
        "Add a project URL labeled Documentation",
    )


@requires_signal(lambda signals: signals.changelog)
def _check_changelog(_context: RuleContext, location: str) -> RuleResult:
    return pass_or_fail(
        bool(location),
        f"Changelog: {location}",
        "No changelog",
        "Keep a changelog, and link to it or add it at the end of the README",
    )


@requires_signal(lambda signals: signals.has_install_section)
def _check_install(_context: RuleContext, has_install_section: bool) -> RuleResult:
    return pass_or_fail(
        has_install_section,
        "The README explains the installation",
        "The README does not explain the installation",
        "Add a section about the installation",
    )


RULES: Rules = {
    "prose": Rule("length of the README's prose, without code, badges and changelog", _check_prose),
    "example": Rule("example code in the README", _check_example),
    "docs-link": Rule("a link to documentation that is neither PyPI nor the repository's front page", _check_docs_link),
    "changelog": Rule("a changelog in the README, or a link to one", _check_changelog),
    "install": Rule("installation instructions in the README", _check_install),
}
