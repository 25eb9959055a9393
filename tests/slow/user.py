"""A user with one profile, the default one, whose settings name a registry on this machine and wait for nothing."""

from pathlib import Path
from typing import Any

from pyf.aggregator.sample.services import LocalPyPI
from shell import CommandRunner


def create_user(folder: Path, pypi: LocalPyPI, *, profile: str, classifier: str, **settings: Any) -> CommandRunner:
    """Return a user whose profile is for the projects that carry `classifier`."""
    folder.mkdir(parents=True, exist_ok=True)
    profiles = folder / "profiles.yaml"
    profiles.write_text(f'profiles: {{{profile}: {{name: {profile}, classifiers: ["{classifier}"]}}}}\n')
    defaults = {
        "pypi_base_url": pypi.url,
        "profiles_file": profiles,
        "default_profile": profile,
        "pypi_rate_limit_delay": 0,
        "pypi_retry_backoff": 0,
        "pypi_max_retries": 1,
        "render_workers": 2,
    }
    return CommandRunner(folder, {name.upper(): str(value) for name, value in (defaults | settings).items()})
