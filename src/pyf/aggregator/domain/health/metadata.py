"""Metadata rules: whether the package declares what its users and their tools need."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from ..text import join_last
from .rules import Rule, RuleContext, RuleResult, Rules, build_presence_rule, pass_or_fail, requires_signal


@requires_signal(lambda signals: signals.license)
def _check_license(context: RuleContext, expression: str) -> RuleResult:
    name = context.signals.license_name
    failure = f"The license {name!r} has no unique SPDX expression" if name else "No license is declared"
    return pass_or_fail(
        bool(expression), f"License: {expression}", failure, "Set `license` to an SPDX expression, such as MIT"
    )


@requires_signal(lambda signals: signals.framework_versions)
def _check_declared_versions(context: RuleContext, versions: Sequence[str]) -> RuleResult | UnsetType:
    if versions:
        return RuleResult(1.0, f"Declares {join_last(versions)}")
    known = context.scoring_config.frameworks
    framework = next((name for name in context.signals.frameworks or () if known.get(name)), "")
    # Releases of some frameworks, such as Flask, have no classifiers: their packages are not evaluated.
    if not framework:
        return UNSET
    newest = list(known[framework])[-1]
    return RuleResult(
        0.0,
        f"Declares {framework} without a version",
        f"Add classifiers such as Framework :: {framework} :: {newest}",
    )


RULES: Rules = {
    "license": Rule("a license with a unique SPDX expression", _check_license),
    "source": build_presence_rule(
        "a link to the source",
        lambda signals: signals.source,
        present="Source: {}",
        absent="No link to the source",
        advice="Add a project URL labeled Source",
    ),
    "requires-python": build_presence_rule(
        "`requires-python`",
        lambda signals: signals.requires_python,
        present="Requires Python {}",
        absent="Does not declare the required Python",
        advice="Set `requires-python`, so that older Pythons get an older release",
    ),
    "summary": build_presence_rule(
        "a summary that says more than the name",
        lambda signals: signals.summary,
        present="Summary: {}",
        absent="No summary of its purpose",
        advice="Describe its purpose in one line",
    ),
    "tracker": build_presence_rule(
        "a link to an issue tracker",
        lambda signals: signals.tracker,
        present="Issues: {}",
        absent="No link to an issue tracker",
        advice="Add a project URL labeled Issues",
    ),
    "contact": build_presence_rule(
        "an e-mail address of author or maintainer",
        lambda signals: signals.contact,
        present="Has a contact e-mail address",
        absent="No contact e-mail address",
        advice="Declare an author or a maintainer with an e-mail address",
    ),
    "framework-versions": Rule(
        "classifiers with versions of the framework, if its releases have classifiers", _check_declared_versions
    ),
}
