"""Metadata rules: whether the package declares what its users and their tools need."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from ..text import join_last
from .rules import Rule, RuleContext, RuleResult, Rules, pass_or_fail, requires_signal


@requires_signal(lambda signals: signals.license)
def _check_license(context: RuleContext, expression: str) -> RuleResult:
    name = context.signals.license_name
    failure = f"The license {name!r} has no unique SPDX expression" if name else "No license is declared"
    return pass_or_fail(
        bool(expression), f"License: {expression}", failure, "Set `license` to an SPDX expression, such as MIT"
    )


@requires_signal(lambda signals: signals.source)
def _check_source(_context: RuleContext, link: str) -> RuleResult:
    return pass_or_fail(bool(link), f"Source: {link}", "No link to the source", "Add a project URL labeled Source")


@requires_signal(lambda signals: signals.requires_python)
def _check_requires_python(_context: RuleContext, required: str) -> RuleResult:
    return pass_or_fail(
        bool(required),
        f"Requires Python {required}",
        "Does not declare the required Python",
        "Set `requires-python`, so that older Pythons get an older release",
    )


@requires_signal(lambda signals: signals.summary)
def _check_summary(_context: RuleContext, summary: str) -> RuleResult:
    return pass_or_fail(
        bool(summary),
        f"Summary: {summary}",
        "No summary of its purpose",
        "Describe its purpose in one line",
    )


@requires_signal(lambda signals: signals.tracker)
def _check_tracker(_context: RuleContext, link: str) -> RuleResult:
    return pass_or_fail(
        bool(link), f"Issues: {link}", "No link to an issue tracker", "Add a project URL labeled Issues"
    )


@requires_signal(lambda signals: signals.contact)
def _check_contact(_context: RuleContext, contact: str) -> RuleResult:
    return pass_or_fail(
        bool(contact),
        "Has a contact e-mail address",
        "No contact e-mail address",
        "Declare an author or a maintainer with an e-mail address",
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
    "source": Rule("a link to the source", _check_source),
    "requires-python": Rule("`requires-python`", _check_requires_python),
    "summary": Rule("a summary that says more than the name", _check_summary),
    "tracker": Rule("a link to an issue tracker", _check_tracker),
    "contact": Rule("an e-mail address of author or maintainer", _check_contact),
    "framework-versions": Rule(
        "classifiers with versions of the framework, if its releases have classifiers", _check_declared_versions
    ),
}
