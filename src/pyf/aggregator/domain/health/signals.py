"""What is known of a project, free of how it came to be known; all that a score is worked out from.

A fact that nobody knows is Unset, and every fact is Unset unless told otherwise. Evidence is told as text, "" where
it was looked for and is not there: an address, a licence, the words that say something.
"""

from msgspec import UNSET, Struct, UnsetType

TextSignal = str | UnsetType


class IssueCounts(Struct, frozen=True, kw_only=True):
    """How many issues a repository has: one number without the other says nothing."""

    open: int
    closed: int


class Signals(Struct, frozen=True, kw_only=True):
    """Everything that rules and caps judge by. Times are Unix seconds.

    `has_repository` says that a repository's facts were looked up, whatever came of it: the full model is for these.
    """

    has_repository: bool = False

    # Of the release that came last, among the stable ones where there are any: version and upload; how many stable
    # releases there are, and how many of them only fix a release before them. Withdrawn ones do not count.
    version: TextSignal = UNSET
    released_at: int | UnsetType = UNSET
    releases: int | UnsetType = UNSET
    bugfix_releases: int | UnsetType = UNSET
    is_prerelease_only: bool | UnsetType = UNSET
    is_installable: bool | UnsetType = UNSET

    # The registry's word on the project (PEP 792), and its authors' own: "7 - Inactive", or a sentence.
    status: TextSignal = UNSET
    is_inactive: bool | UnsetType = UNSET
    abandonment_notice: TextSignal = UNSET

    # Characters of prose in the README of the newest release, and what else there is for readers.
    prose_length: int | UnsetType = UNSET
    has_example: bool | UnsetType = UNSET
    docs_link: TextSignal = UNSET
    changelog: TextSignal = UNSET
    has_install_section: bool | UnsetType = UNSET

    # The licence is an SPDX expression; `named_licence` is what the metadata says where that can't be told.
    license: TextSignal = UNSET
    license_name: TextSignal = UNSET
    source: TextSignal = UNSET
    summary: TextSignal = UNSET
    tracker: TextSignal = UNSET
    contact: TextSignal = UNSET
    requires_python: TextSignal = UNSET

    # "Python 3.12", "Plone 6.0" and the frameworks that are named without a version, such as "Flask".
    python_versions: tuple[str, ...] | UnsetType = UNSET
    framework_versions: tuple[str, ...] | UnsetType = UNSET
    frameworks: tuple[str, ...] | UnsetType = UNSET
    has_wheel: bool | UnsetType = UNSET

    last_commit: int | UnsetType = UNSET
    issues: IssueCounts | UnsetType = UNSET
    maintainers: int | UnsetType = UNSET
    is_repository_archived: bool | UnsetType = UNSET

    # Advisories that cover the newest release, by id.
    advisories: tuple[str, ...] | UnsetType = UNSET
    has_attestations: bool | UnsetType = UNSET
