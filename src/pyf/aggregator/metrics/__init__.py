"""Prometheus metrics.

The web server answers `/metrics` with `Metrics.render()`; workers use `serve_metrics`. Create one `Metrics` for each
process: it caches the statistics of the index for a few seconds.
"""

from .collectors import CONTENT_TYPE, Metrics, serve_metrics

__all__ = ["CONTENT_TYPE", "Metrics", "serve_metrics"]
