"""Celery tasks that keep all collections current, and their schedule.

Start a worker with `pyf queue worker`, the scheduler with `pyf queue beat`.
Importing this package reads no settings and opens no connection.
"""

from . import monitoring  # noqa: F401 - connects to Celery's signals
from .app import app
from .collection_tasks import (
    deliver_webhooks,
    enrich_downloads_all_packages,
    enrich_github_all_packages,
    enrich_repositories_all_packages,
    refresh_all_indexed_packages,
    rescore_all_packages,
    update_changed_packages,
)
from .fetch_tasks import fetch_batch, full_fetch_all_packages
from .package_tasks import (
    inspect_project,
    read_rss_new_projects_and_queue,
    read_rss_new_releases_and_queue,
    update_github,
    update_project,
    update_repository,
)

__all__ = [
    "app",
    "deliver_webhooks",
    "enrich_downloads_all_packages",
    "enrich_github_all_packages",
    "enrich_repositories_all_packages",
    "fetch_batch",
    "full_fetch_all_packages",
    "inspect_project",
    "read_rss_new_projects_and_queue",
    "read_rss_new_releases_and_queue",
    "refresh_all_indexed_packages",
    "rescore_all_packages",
    "update_changed_packages",
    "update_github",
    "update_project",
    "update_repository",
]
