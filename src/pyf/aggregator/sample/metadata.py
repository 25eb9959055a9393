"""What PyPI's JSON says about a release whose author set nothing."""

from packaging.utils import canonicalize_name

from .project import Json

SITE_URL = "https://pypi.example"


def build_empty_info(name: str, version: str) -> Json:
    """Return the `info` of a release without any metadata: every key that PyPI has, null or empty as it gives it."""
    page = f"{SITE_URL}/project/{canonicalize_name(name)}/"
    return {
        "author": None,
        "author_email": None,
        "bugtrack_url": None,
        "classifiers": [],
        "description": "",
        "description_content_type": None,
        "docs_url": None,
        "download_url": None,
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "dynamic": None,
        "home_page": None,
        "keywords": None,
        "license": None,
        "license_expression": None,
        "license_files": None,
        "maintainer": None,
        "maintainer_email": None,
        "name": name,
        "package_url": page,
        "platform": None,
        "project_url": page,
        "project_urls": None,
        "provides_extra": None,
        "release_url": f"{page}{version}/",
        "requires_dist": None,
        "requires_python": None,
        "summary": None,
        "version": version,
        "yanked": False,
        "yanked_reason": None,
    }
