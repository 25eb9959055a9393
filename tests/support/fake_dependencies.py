"""Build dependencies on fakes, so that a test chooses only the ports that matter to it."""

from collections.abc import Iterable
from typing import Any

from pyf.aggregator.adapters.candidates import StaticCandidates
from pyf.aggregator.adapters.metrics_store import LocalRequestMetrics
from pyf.aggregator.config.lexicon import load_lexicon
from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.documents.project import Project
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.testing.caches import FakeMembershipCache, FakeRenderCache, FakeRepositoryCache
from pyf.aggregator.testing.enrichment import FakeDownloadStats, FakeRepositoryHost, InlineRenderer
from pyf.aggregator.testing.index import FakeApiKeys, FakeIndex
from pyf.aggregator.testing.reference_search import ReferenceSearch
from pyf.aggregator.testing.registry import FakePackageRegistry
from support.registry_world import Clock


def build_fake_dependencies(projects: Iterable[Project] = (), **overrides: Any) -> Dependencies:
    """Return services on a registry of these projects; `chosen` are ports by their names in `Services`."""
    registry, index = FakePackageRegistry(projects), FakeIndex()
    ports: dict[str, Any] = {
        "registry": registry,
        "changelog": registry,
        "feed": registry,
        "index": index,
        "admin": index,
        "renderer": InlineRenderer(FakeRenderCache()),
        "membership_cache": FakeMembershipCache(),
        "keys": FakeApiKeys(index.resolve),
        "candidates": StaticCandidates(),
        "download_stats": FakeDownloadStats(),
        "repository_hosts": {"github.com": FakeRepositoryHost()},
        "repository_cache": FakeRepositoryCache(),
        "request_counter": registry,
        "request_metrics": LocalRequestMetrics(),
        "now": Clock(),
        "scoring_config": load_scoring_config(),
    }
    ports |= overrides
    ports.setdefault(
        "search", ReferenceSearch(ports["index"], load_lexicon(), ports["scoring_config"], now=ports["now"])
    )
    return Dependencies(**ports)
