"""Recognize badges: small images that show a status or a number, which a page displays by itself."""

import re
from urllib.parse import urlsplit

_HOSTS = re.compile(
    r"(?:^|\.)(?:shields\.io|badge\.fury\.io|badgen\.net|pepy\.tech|badges\.[a-z0-9.-]+|badge\.[a-z0-9.-]+|"
    r"travis-ci\.(?:org|com)|codecov\.io|coveralls\.io|results\.pre-commit\.ci|api\.codacy\.com|app\.codacy\.com|"
    r"snyk\.io|requires\.io|pyup\.io|landscape\.io|codeclimate\.com|saucelabs\.com|bestpractices\.coreinfrastructure\.org|"
    r"bestpractices\.dev|deps\.rs|libraries\.io|gitpod\.io|mybinder\.org|isitmaintained\.com|opencollective\.com|"
    r"api\.reuse\.software|sonarcloud\.io|circleci\.com|ci\.appveyor\.com|zenodo\.org|joss\.theoj\.org|"
    r"api\.securityscorecards\.dev|hits\.[a-z0-9.-]+|visitor-badge\.[a-z0-9.-]+|weblate\.org|app\.fossa\.(?:com|io)|"
    r"lgtm\.com|readthedocs\.org|rtd\.io|img\.shields\.io)$"
)
# "badge" as a word of the path, the status images of CI services, and GitHub's old ones.
_PATHS = re.compile(
    r"(?:^|[/._-])badges?(?:[/._-]|$)|/status\.(?:svg|png)$|/workflows/[^/]+/.*\.svg$|/pipeline\.svg$|/coverage\.svg$|"
    r"/build\.(?:svg|png)$|/download/(?:month|week|day)(?:/|$)|binder_logo|open-in-[a-z-]+\.svg|colab-badge",
    re.IGNORECASE,
)


# Pictures; badges are drawings, or have no extension.
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|bmp|tiff?)$", re.IGNORECASE)


def is_badge(url: str, *, in_row: bool = False) -> bool:
    """Return whether the URL of an image is that of a badge.

    Args:
        in_row: Whether the image is in a row of badges: then every drawing is one.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return False
    if _HOSTS.search(host) or _PATHS.search(parts.path):
        return True
    return in_row and not _PICTURE.search(parts.path)
