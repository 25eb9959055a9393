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
        ("pip install -U --group docs wheel==1.0 'celery[redis] >= 5'", ["wheel", "celery"]),
        ("pip install --index-url https://pypi.example/simple/ -r dev.txt wheel", ["wheel"]),
        ("uvx --from celery celery-worker", ["celery", "celeryworker"]),
        ("conda install -c conda-forge conda-forge::flask-login=0.6", ["flasklogin"]),
        ("pip install dist/flask_login-0.6.3-py3-none-any.whl", ["flasklogin"]),
        ('flask-login[x]==0.6 ; python_version < "3.9" --hash=sha256:00  # pinned', ["flasklogin"]),
        ("# web\nflask-login==0.6 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\ncelery", ["flasklogin", "celery"]),
        ('flask-login = {version = "^0.6", extras = ["x"]}', ["flasklogin"]),
        ("  - flask-login=0.6=py_0", ["flasklogin"]),
        ("flask_login-0.6.3.tar.gz", ["flasklogin"]),
        ("ModuleNotFoundError: No module named 'flask_login.utils'", ["flaskloginutils", "flasklogin"]),
        ("ImportError: cannot import name 'a' from 'flask_login' (/x/flask_login/__init__.py)", ["flasklogin"]),
        ("ERROR: No matching distribution found for flask-login==99", ["flasklogin"]),
        ("from flask_login import UserMixin", ["flasklogin"]),
        ("from plone import api", ["ploneapi", "plone"]),
        ("import os, sys\nfrom typing import Any\nimport flask_login as fl", ["flasklogin"]),
        ("flask_login.utils.login_required()", ["flaskloginutilsloginrequired", "flaskloginutils", "flasklogin"]),
        ("from rest_framework import serializers", ["restframeworkserializers", "restframework"]),
        ("import bs4", ["bs4"]),
        (">>> import plone.api as api", ["ploneapi", "plone"]),
        (
            "from plone.app.multilingual.interfaces import ITranslatable",
            ["ploneappmultilingualinterfaces", "ploneappmultilingual", "ploneapp", "plone"],
        ),
        ("https://pypi.example/project/django-filter/23.1/", ["djangofilter"]),
        ("https://pypi.example/simple/django-filter/", ["djangofilter"]),
        (
            "https://files.pypi.example/packages/ab/cd/0123/django_filter-23.1-py3-none-any.whl#sha256=0",
            ["djangofilter"],
        ),
        ("[![x](https://img.shields.io/pypi/v/django-filter.svg)](https://pypi.example/)", ["djangofilter"]),
        ("git+https://git.example/team/fork.git@main#egg=django-filter", ["djangofilter"]),
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
    [
        "import export csv",
        "ical import",
        "how to install a plugin",
        "switch from a to b",
        "socket.io",
        "pip",
        "",
        "a/b testing",
        "from excel import into models",
        "3 < 4 or more",
        "plone.app.event",
    ],
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
