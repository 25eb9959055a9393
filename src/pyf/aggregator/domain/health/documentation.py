"""Documentation rules: whether a reader learns what the package is for and how to use it."""

from .rules import Rule, RuleContext, RuleResult, Rules, build_presence_rule, requires_signal


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


RULES: Rules = {
    "prose": Rule("length of the README's prose, without code, badges and changelog", _check_prose),
    "example": build_presence_rule(
        "example code in the README",
        lambda signals: signals.has_example,
        present="The README has example code",
        absent="The README has no example code",
        advice="Add the shortest code that does something useful",
    ),
    "docs-link": build_presence_rule(
        "a link to documentation that is neither PyPI nor the repository's front page",
        lambda signals: signals.docs_link,
        present="Documentation: {}",
        absent="No link to documentation, apart from PyPI's page and the repository",
        advice="Add a project URL labeled Documentation",
    ),
    "changelog": build_presence_rule(
        "a changelog in the README, or a link to one",
        lambda signals: signals.changelog,
        present="Changelog: {}",
        absent="No changelog",
        advice="Keep a changelog, and link to it or add it at the end of the README",
    ),
    "install": build_presence_rule(
        "installation instructions in the README",
        lambda signals: signals.has_install_section,
        present="The README explains the installation",
        absent="The README does not explain the installation",
        advice="Add a section about the installation",
    ),
}
