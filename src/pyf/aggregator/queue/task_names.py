"""Names of the tasks in messages and in Celery's output."""

PREFIX = "pyf.aggregator.queue."

INSPECT = f"{PREFIX}inspect_project"
UPDATE = f"{PREFIX}update_project"
UPDATE_GITHUB = f"{PREFIX}update_github"
UPDATE_REPOSITORY = f"{PREFIX}update_repository"
RSS_PROJECTS = f"{PREFIX}read_rss_new_projects_and_queue"
RSS_RELEASES = f"{PREFIX}read_rss_new_releases_and_queue"
CHANGES = f"{PREFIX}update_changed_packages"
REFRESH = f"{PREFIX}refresh_all_indexed_packages"
FETCH = f"{PREFIX}full_fetch_all_packages"
FETCH_BATCH = f"{PREFIX}fetch_batch"
DOWNLOADS = f"{PREFIX}enrich_downloads_all_packages"
GITHUB = f"{PREFIX}enrich_github_all_packages"
REPOSITORIES = f"{PREFIX}enrich_repositories_all_packages"
SCORES = f"{PREFIX}rescore_all_packages"
WEBHOOKS = f"{PREFIX}deliver_webhooks"

# Tasks on whole collections, which have longer time limits.
LONG_RUNNING = (REFRESH, FETCH, FETCH_BATCH, DOWNLOADS, GITHUB, REPOSITORIES, SCORES)
