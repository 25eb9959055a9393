"""The Celery app, which learns its settings at its first use: an import reads and opens nothing."""

from collections.abc import Mapping
from typing import Any

import click
from celery import Celery
from celery.loaders.app import AppLoader

from ..bootstrap import open_worker_dependencies
from ..domain.errors import AggregatorError, Invalid
from ..settings import load_settings
from .configuration import build_celery_config


class SettingsLoader(AppLoader):
    """Gives Celery its configuration from our settings, and refuses to start a worker that could not work."""

    def read_configuration(self, env: str = "") -> Mapping[str, Any]:
        """Return the configuration; Celery's own ways to give one have no say."""
        try:
            return build_celery_config(load_settings())
        except Invalid as error:
            raise _to_click_error(error) from error

    def on_worker_init(self) -> None:
        """Open and close once what the tasks need, so that a file that can't be read is told now; asks nobody."""
        try:
            with open_worker_dependencies(load_settings()):
                pass
        except AggregatorError as error:
            raise _to_click_error(error) from error


class _UsageError(click.ClickException):
    exit_code = 2


def _to_click_error(error: AggregatorError) -> Exception:
    """Return what `celery` prints without a traceback; who calls tasks from a program of their own gets our own."""
    return error if click.get_current_context(silent=True) is None else _UsageError(" ".join(str(error).split()))


app = Celery("pyf.aggregator", loader=SettingsLoader, set_as_current=False)
