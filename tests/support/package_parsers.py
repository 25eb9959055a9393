"""Functions that parse packages for a search index, and that other processes import."""

import os
import signal

from pyf.aggregator.adapters.fulltext.source import PackageRecord


def parse(package: str) -> PackageRecord:
    """Return a record that names its process."""
    return PackageRecord(name=package, numbers=(os.getpid(),))


def parse_in_parent_only(package: str, *, parent: int) -> PackageRecord:
    """Parse in one process; every other one is killed, as by a system that runs out of memory."""
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return parse(package)


def fail(package: str) -> PackageRecord:
    """Raise an error, as for a document that can't be read."""
    raise ValueError(package)
