"""What the program tells Prometheus, by whichever process is asked.

A web server answers `/metrics` with `Metrics(services).text()`, of the content type `CONTENT_TYPE`; make `Metrics` once
a process, because what it learns of the index is shared by all who ask within a few seconds. A process that serves
nothing else opens an `endpoint`.
"""

from .collectors import CONTENT_TYPE, Metrics, serve_metrics

__all__ = ["CONTENT_TYPE", "Metrics", "serve_metrics"]
