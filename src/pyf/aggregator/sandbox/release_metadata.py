"""Default metadata and generated files of releases, in the format of PyPI's JSON."""

from datetime import UTC, datetime
from hashlib import blake2b, sha256

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .project import FILE_HOST, Json

SITE_URL = "https://pypi.example"


def build_empty_info(name: str, version: str) -> Json:
    """Return the `info` of a release without metadata: all keys that PyPI returns, with its empty values."""
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


def build_file(
    name: str,
    version: str,
    kind: str,
    *,
    upload_time: float,
    requires_python: str | None = None,
    python_version: str = "py3",
) -> Json:
    """Return a file in the format of PyPI's JSON; `kind` is "sdist" or "wheel", `upload_time` is in Unix seconds.

    `python_version` is the wheel's Python tag.
    """
    stem = f"{canonicalize_name(name).replace('-', '_')}-{_normalize_version(version)}"
    if kind == "sdist":
        filename, packagetype, tag = f"{stem}.tar.gz", "sdist", "source"
    elif kind == "wheel":
        filename, packagetype, tag = f"{stem}-{python_version}-none-any.whl", "bdist_wheel", python_version
    else:
        raise ValueError(f"a file is an sdist or a wheel, not {kind!r}")
    digest = sha256(filename.encode()).hexdigest()
    path = blake2b(filename.encode(), digest_size=32).hexdigest()
    uploaded_at = datetime.fromtimestamp(upload_time, UTC)
    return {
        "digests": {"blake2b_256": path, "sha256": digest},
        "filename": filename,
        "packagetype": packagetype,
        "python_version": tag,
        "requires_python": requires_python,
        "size": 4_000 + int(digest[:6], 16) % 250_000,
        "upload_time": uploaded_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "upload_time_iso_8601": uploaded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "url": f"{FILE_HOST}/{path[:2]}/{path[2:4]}/{path[4:]}/{filename}",
        "yanked": False,
        "yanked_reason": None,
    }


def _normalize_version(version: str) -> str:
    try:
        return str(Version(version))
    except InvalidVersion:
        return version
