"""The packages that are installed in a Python environment."""

from importlib.metadata import distributions
from pathlib import Path

from ..domain.errors import Invalid
from ..domain.requirement_files import PackageList
from ..domain.requirement_files.model import build_package_list, build_pinned_package

_SITE_PACKAGES = ("lib/python*/site-packages", "Lib/site-packages")


def read_environment(folder: Path) -> PackageList:
    """Return the packages that are installed in a virtual environment.

    Raises:
        Invalid: The folder is not a virtual environment.
    """
    paths = [str(path) for pattern in _SITE_PACKAGES for path in folder.glob(pattern)]
    if not paths:
        raise Invalid(f"{folder} is not a virtual environment: it has no site-packages")
    installed = {
        str(name): str(distribution.version)
        for distribution in distributions(path=paths)
        if (name := distribution.metadata["Name"])
    }
    return build_package_list(
        build_pinned_package(name, version, str(folder)) for name, version in sorted(installed.items())
    )
