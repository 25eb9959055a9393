"""Guards for changes of documents: every declared field is filled, and a changed document has a new version."""

from hashlib import sha256
from itertools import chain

import pytest
from msgspec import json
from msgspec.structs import replace

from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.documents.builder import DOCUMENT_VERSION, BuildContext, build_documents, extract_readme
from pyf.aggregator.domain.documents.document import Document, Enrichments
from pyf.aggregator.domain.documents.project import File, Metadata, Project, ProjectStatus, Release, Vulnerability
from pyf.aggregator.domain.documents.schema import iter_fields
from pyf.aggregator.domain.downloads import Downloads, build_download_fields
from pyf.aggregator.domain.health import compute_score, extract_signals
from pyf.aggregator.domain.history import record_month
from pyf.aggregator.domain.membership.evaluation import MembershipReason
from pyf.aggregator.domain.readme.rendering import render_readme
from pyf.aggregator.domain.repositories import Repository, parse_repository_url, to_repository_fields

NOW = 1_790_000_000

# Document version: fingerprint of `build_sample()`. If documents come out differently, raise DOCUMENT_VERSION and
# add a line here, so that the next fetch rebuilds the stored documents.
FINGERPRINTS = {
    3: "23a3ff278f2b14bf9441c4e97483b19b842603f02b7cb7c3b8aa3d1ec548730f",
    4: "730af75c0ff3bba1ec7d0ca9224957b58354bd6e56f6f53945c2d289ace890e5",
    5: "2eeba142db2d4897c6e36f36761197911d0945eb55731766a3b201422b14a6b1",
}

README = """\
Acme Forms
==========

Forms for **everyone**, with `links <https://forms.example/docs>`_ and ``code``.

Usage
-----

.. code-block:: python

    >>> import acme.forms

======  =====
Field   Kind
======  =====
title   text
======  =====

Changelog
---------

1.2.3 (2026-01-31)
~~~~~~~~~~~~~~~~~~

- Fix the date field.
"""


def build_metadata(version: str, readme: str, requires_python: str) -> Metadata:
    """Return metadata in which every field has a value."""
    return Metadata(
        author="Ada",
        author_email="ada@forms.example",
        bugtrack_url="https://forms.example/issues",
        classifiers=(
            "Framework :: Plone :: 6.0",
            "License :: OSI Approved :: MIT License",
            "Programming Language :: Python :: 3.12",
        ),
        description=readme,
        description_content_type="text/x-rst",
        docs_url="https://forms.example/docs",
        home_page="https://forms.example",
        keywords="forms, Plone,forms",
        license="MIT License",
        license_expression="mit",
        maintainer="Bob",
        maintainer_email="bob@forms.example",
        package_url="https://pypi.example/project/acme-forms/",
        platform="any",
        project_url="https://pypi.example/project/acme-forms",
        project_urls=(("Source", "https://github.com/acme/acme.forms"), ("Docs", "https://forms.example/docs")),
        release_url=f"https://pypi.example/project/acme-forms/{version}/",
        requires_dist=("Plone>=6", "pytest; extra == 'test'"),
        requires_python=requires_python,
        summary="Forms for Plone",
    )


def build_release(
    version: str, *, readme: str = README, yanked: bool = False, requires_python: str = ">=3.10"
) -> Release:
    """Return a release with one file, metadata and an advisory."""
    file = File(
        filename=f"acme_forms-{version}-py3-none-any.whl",
        url=f"https://files.pypi.example/acme_forms-{version}-py3-none-any.whl",
        size=1234,
        packagetype="bdist_wheel",
        upload_time=NOW - 86_400,
        sha256="ab" * 32,
        yanked=yanked,
    )
    return Release(
        version=version,
        files=(file,),
        yanked_reason="it loses data" if yanked else "",
        metadata=build_metadata(version, readme, requires_python),
        vulnerabilities=(Vulnerability(id="PYSEC-1", aliases=("CVE-1",), fixed_in=("9.0",)),),
    )


def build_sample() -> tuple[Document, ...]:
    """Build the documents of a project as a run does, with every enrichment."""
    releases = (
        build_release("1.2.3"),
        build_release("1.2.2.post1", readme="# Markdown\n\nIn *rst*.", yanked=True),
        build_release("2!1.0a1.dev3+local.7", readme="", requires_python="==3.11.4"),
    )
    project = Project(name="Acme.Forms", last_serial=42, releases=releases, maintainers=("ada", "bob"))
    readmes = {release.version: extract_readme(release) for release in releases}
    documents = build_documents(
        project,
        stored={},
        rendered_readmes={version: render_readme(readme) for version, readme in readmes.items() if readme},
        context=BuildContext(
            last_serial=42,
            status=ProjectStatus.DEPRECATED,
            status_checked=NOW,
            membership_reason=MembershipReason.CLASSIFIER.value,
            document_version=1,
        ),
        keep_descriptions=True,
    )
    ref = parse_repository_url("https://github.com/acme/acme.forms")
    assert ref is not None
    repository = to_repository_fields(
        Repository(
            ref=ref,
            stars=1,
            watchers=2,
            forks=3,
            open_issues=4,
            closed_issues=5,
            open_pull_requests=6,
            is_archived=True,
            license="MIT",
            topics=("forms",),
            latest_release="1.2.3",
            created=7,
            updated=8,
            pushed=9,
            last_commit=10,
        ),
        is_verified=True,
        checked_at=NOW,
    )
    downloads = build_download_fields(
        Downloads(last_day=1, last_week=2, last_month=3, total=4, history={"2026-01": 5}), source="pypistats", now=NOW
    )
    signals = extract_signals(documents, Enrichments(repository=repository, downloads=downloads))
    health = compute_score(signals, load_scoring_config(), NOW).fields
    enrichments = Enrichments(repository=repository, downloads=downloads, health=health)
    history = record_month(enrichments, NOW, release="1.2.3")
    return tuple(Document.from_parts(fields, replace(enrichments, history=history)) for fields in documents)


@pytest.fixture(scope="module")
def documents() -> tuple[Document, ...]:
    return build_sample()


@pytest.mark.parametrize("name", [field.name for field in iter_fields()])
def test_build_fills_every_declared_field(name: str, documents: tuple[Document, ...]) -> None:
    values = [document.to_dict().get(name) for document in documents]

    assert any(values), f"nothing fills the field {name}"


def test_changed_documents_have_a_new_document_version(documents: tuple[Document, ...]) -> None:
    encoded = chain.from_iterable((json.encode(document.registry, order="sorted"), b"\n") for document in documents)

    fingerprint = sha256(b"".join(encoded)).hexdigest()
    if FINGERPRINTS.get(DOCUMENT_VERSION) != fingerprint:
        version = DOCUMENT_VERSION + (DOCUMENT_VERSION in FINGERPRINTS)
        pytest.fail(
            f"Documents are built differently than before. Set DOCUMENT_VERSION in domain/documents/builder.py to "
            f'{version}, and add this line to FINGERPRINTS:\n    {version}: "{fingerprint}",',
            pytrace=False,
        )


def test_fingerprints_are_of_different_documents() -> None:
    assert len(set(FINGERPRINTS.values())) == len(FINGERPRINTS)
    assert max(FINGERPRINTS) == DOCUMENT_VERSION
