"""Files for releases that have none: everything about them is derived from their names, the same each time."""

from datetime import UTC, datetime
from hashlib import blake2b, sha256

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .project import FILE_HOST, Json


def build_file(
    name: str,
    version: str,
    kind: str,
    *,
    upload_time: float,
    requires_python: str | None = None,
    python_version: str = "py3",
) -> Json:
    """Return a file as PyPI's JSON describes one; `kind` is "sdist" or "wheel", `uploaded` Unix seconds.

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
