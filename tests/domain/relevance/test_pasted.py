"""Pasted URLs, commands and code refer to packages, modules and repositories."""

import pytest

from pyf.aggregator.domain.documents.document import Document
from pyf.aggregator.domain.relevance.aliases import is_own_module, list_aliases
from pyf.aggregator.domain.relevance.pasted import parse_pasted
from support.builders import build_fields


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("pip install django-cors-headers", ["djangocorsheaders"]),
        ("$ pip3 install -U 'celery[redis]>=5.0'", ["celery"]),
        ("python -m pip install flask-login==0.6", ["flasklogin"]),
        ("uv add fastapi-users", ["fastapiusers"]),
        ("uv pip install channels", ["channels"]),
        ("poetry add djangorestframework@^3.0", ["djangorestframework"]),
        ("Django>=4.2,<6", ["django"]),
        ("from rest_framework import serializers", ["restframework"]),
        ("import bs4", ["bs4"]),
        (">>> import plone.api as api", ["ploneapi", "plone"]),
        (
            "from plone.app.multilingual.interfaces import ITranslatable",
            ["ploneappmultilingualinterfaces", "ploneappmultilingual", "ploneapp", "plone"],
        ),
        ("https://pypi.example/project/django-filter/23.1/", ["djangofilter"]),
        ("https://pypi.example/simple/django-filter/", ["djangofilter"]),
        ("https://django-guardian.readthedocs.io/en/stable/", ["djangoguardian"]),
    ],
)
def test_names_in_pasted_text(text: str, names: list[str]) -> None:
    pasted = parse_pasted(text)

    assert pasted is not None
    assert list(pasted.names) == names


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/encode/django-rest-framework",
        "https://github.com/Encode/django-rest-framework/tree/main#readme",
        "git@github.com:encode/django-rest-framework.git",
        "pip install git+https://github.com/encode/django-rest-framework.git@main",
        "see github.com/encode/django-rest-framework",
    ],
)
def test_repository_in_pasted_text(url: str) -> None:
    pasted = parse_pasted(url)

    assert pasted is not None
    assert pasted.repository == "github.com/encode/django-rest-framework"
    assert pasted.names == ("djangorestframework",)


@pytest.mark.parametrize(
    "text",
    ["import export csv", "ical import", "how to install a plugin", "switch from a to b", "socket.io", "pip", ""],
)
def test_plain_text_is_not_pasted(text: str) -> None:
    assert parse_pasted(text) is None


@pytest.mark.parametrize(
    ("module", "whole", "expected"),
    [
        ("bs4", "beautifulsoup4", True),
        ("sklearn", "scikitlearn", True),
        ("restframework", "djangorestframework", True),
        ("numpy", "djangofilter", False),
        ("my", "mypackage", False),
    ],
)
def test_modules_of_package(module: str, whole: str, expected: bool) -> None:
    assert is_own_module(module, whole) is expected


def test_aliases_are_modules_of_examples_and_repository() -> None:
    readme = """
        <p>import nothing</p>
        <pre><code>import json
from rest_framework import routers
INSTALLED_APPS += [&quot;rest_framework.authtoken&quot;]</code></pre>
    """
    fields = build_fields(
        "djangorestframework", description=readme, project_urls={"Source": "https://github.com/encode/drf"}
    )

    assert list_aliases(Document(registry=fields)) == ["restframework", "github.com/encode/drf"]
    assert list_aliases(Document(registry=build_fields("left", description=""))) == []
