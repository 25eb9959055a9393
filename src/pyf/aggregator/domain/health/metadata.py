"""Metadata: whether the package says of itself what its users, and their tools, have to know."""

from msgspec import UNSET, UnsetType

from .compatibility import join_last
from .rules import Rule, RuleContext, RuleResult, Rules, pass_or_fail


def _check_license(context: RuleContext) -> RuleResult | UnsetType:
    license_, license_name = context.signals.license, context.signals.license_name
    if license_ is UNSET:
        return UNSET
    failure = f"The licence can't be told from {license_name!r}" if license_name else "No licence is named"
    return pass_or_fail(
        bool(license_), f"Licence: {license_}", failure, "Set `license` to an SPDX expression, such as MIT"
    )


def _check_source(context: RuleContext) -> RuleResult | UnsetType:
    link = context.signals.source
    if link is UNSET:
        return UNSET
    return pass_or_fail(bool(link), f"Source: {link}", "No link to the source", "Add a project URL labelled Source")


def _check_requires_python(context: RuleContext) -> RuleResult | UnsetType:
    required = context.signals.requires_python
    if required is UNSET:
        return UNSET
    return pass_or_fail(
        bool(required),
        f"Requires Python {required}",
        "Does not say which Python it requires",
        "Set `requires-python`, so that older Pythons get an older release",
    )


def _check_summary(context: RuleContext) -> RuleResult | UnsetType:
    summary = context.signals.summary
    if summary is UNSET:
        return UNSET
    return pass_or_fail(
        bool(summary), f"Summary: {summary}", "No summary that says what it does", "Say in one line what it does"
    )


def _check_tracker(context: RuleContext) -> RuleResult | UnsetType:
    link = context.signals.tracker
    if link is UNSET:
        return UNSET
    return pass_or_fail(
        bool(link), f"Issues: {link}", "No link to an issue tracker", "Add a project URL labelled Issues"
    )


def _check_contact(context: RuleContext) -> RuleResult | UnsetType:
    contact = context.signals.contact
    if contact is UNSET:
        return UNSET
    return pass_or_fail(
        bool(contact),
        "There is an address to write to",
        "No address to write to",
        "Name an author or a maintainer with a mail address",
    )


def _check_framework_versions(context: RuleContext) -> RuleResult | UnsetType:
    """Judge only who names a framework whose releases have classifiers: Flask's, for one, have none."""
    signals = context.signals
    if signals.framework_versions is UNSET:
        return UNSET
    if signals.framework_versions:
        return RuleResult(1.0, f"Names {join_last(signals.framework_versions)}")
    frameworks = [
        framework for framework in signals.frameworks or () if context.scoring_config.frameworks.get(framework)
    ]
    if not frameworks:
        return UNSET
    return RuleResult(
        0.0,
        f"Names {frameworks[0]}, and no version of it",
        f"Add classifiers such as {_format_classifier_example(frameworks[0], context)}",
    )


def _format_classifier_example(framework: str, context: RuleContext) -> str:
    newest = list(context.scoring_config.frameworks[framework])[-1]
    return f"Framework :: {framework} :: {newest}"


RULES: Rules = {
    "licence": Rule("a licence that can be told as an SPDX expression", _check_license),
    "source": Rule("a link to the source", _check_source),
    "requires-python": Rule("`requires-python`", _check_requires_python),
    "summary": Rule("a summary that says more than the name", _check_summary),
    "tracker": Rule("a link to an issue tracker", _check_tracker),
    "contact": Rule("a mail address of author or maintainer", _check_contact),
    "framework-versions": Rule(
        "classifiers with versions of the framework, where there are such", _check_framework_versions
    ),
}
