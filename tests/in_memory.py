"""All ports on adapters in memory, so that a test of a use case chooses only those that it is about."""

from collections.abc import Iterable
from typing import Any

from pyf.aggregator.adapters.candidates.memory import StaticCandidates
from pyf.aggregator.adapters.index.memory import FakeIndex
from pyf.aggregator.adapters.index.memory_keys import FakeApiKeys
from pyf.aggregator.adapters.index.plain_search import PlainSearch
from pyf.aggregator.adapters.lexicon import load_lexicon
from pyf.aggregator.adapters.memory_caches import FakeRenderCache, FakeRepositoryCache, FakeMembershipCache
from pyf.aggregator.adapters.memory_downloads import FakeDownloadStats
from pyf.aggregator.adapters.memory_registry import FakePackageRegistry
from pyf.aggregator.adapters.memory_repositories import FakeRepositoryHost
from pyf.aggregator.adapters.rendering_inline import InlineRenderer
from pyf.aggregator.adapters.standards import load_scoring_config
from pyf.aggregator.adapters.traffic import LocalRequestMetrics
from pyf.aggregator.domain.project import Project
from pyf.aggregator.ports import Dependencies
from worlds import Clock


def build_fake_dependencies(projects: Iterable[Project] = (), **overrides: Any) -> Dependencies:
    """Return services on a registry of these projects; `chosen` are ports by their names in `Services`."""
    registry, index = FakePackageRegistry(projects), FakeIndex()
    ports: dict[str, Any] = {
        "registry": registry,
        "journal": registry,
        "feed": registry,
        "index": index,
        "admin": index,
        "renderer": InlineRenderer(FakeRenderCache()),
        "verdicts": FakeMembershipCache(),
        "keys": FakeApiKeys(index.resolve),
        "candidates": StaticCandidates(),
        "downloads": FakeDownloadStats(),
        "repositories": FakeRepositoryHost(),
        "repository_cache": FakeRepositoryCache(),
        "requests": registry,
        "traffic": LocalRequestMetrics(),
        "now": Clock(),
        "standards": load_scoring_config(),
    }
    ports |= overrides
    ports.setdefault("search", PlainSearch(ports["index"], load_lexicon(), ports["standards"], now=ports["now"]))
    return Dependencies(**ports)
