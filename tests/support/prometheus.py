"""Scraping and parsing of metrics."""

import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from socket import create_server

from prometheus_client.parser import text_string_to_metric_families

from pyf.aggregator.metrics import Metrics, serve_metrics

Samples = Mapping[tuple[str, tuple[str, ...]], float]


def parse_samples(text: str) -> Samples:
    """Return samples by name and label values; labels are in alphabetical order."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def free_port() -> int:
    with closing(create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def scrape(metrics: Metrics) -> Iterator[Samples]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    with serve_metrics(metrics, host="127.0.0.1", port=port), urllib.request.urlopen(url) as response:
        yield parse_samples(response.read().decode())
