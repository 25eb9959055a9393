"""All ports on adapters in memory, so that a test of a use case chooses only those that it is about."""

from collections.abc import Iterable
from typing import Any

from pyf.aggregator.adapters.candidates.memory import MemoryCandidates
from pyf.aggregator.adapters.index.memory import MemoryIndex
from pyf.aggregator.adapters.index.memory_keys import MemoryApiKeys
from pyf.aggregator.adapters.index.reference_search import ReferenceSearch
from pyf.aggregator.adapters.lexicon import load_lexicon
from pyf.aggregator.adapters.memory_caches import MemoryRenderCache, MemoryRepositoryCache, MemoryVerdictStore
from pyf.aggregator.adapters.memory_downloads import MemoryDownloads
from pyf.aggregator.adapters.memory_registry import MemoryRegistry
from pyf.aggregator.adapters.memory_repositories import MemoryRepositoryHost
from pyf.aggregator.adapters.rendering_inline import InlineRenderer
from pyf.aggregator.adapters.standards import load_standards
from pyf.aggregator.adapters.traffic import TrafficCount
from pyf.aggregator.domain.project import Project
from pyf.aggregator.ports import Services
from worlds import Clock


def in_memory(projects: Iterable[Project] = (), **chosen: Any) -> Services:
    """Return services on a registry of these projects; `chosen` are ports by their names in `Services`."""
    registry, index = MemoryRegistry(projects), MemoryIndex()
    ports: dict[str, Any] = {
        "registry": registry,
        "journal": registry,
        "feed": registry,
        "index": index,
        "admin": index,
        "renderer": InlineRenderer(MemoryRenderCache()),
        "verdicts": MemoryVerdictStore(),
        "keys": MemoryApiKeys(index.resolve),
        "candidates": MemoryCandidates(),
        "downloads": MemoryDownloads(),
        "repositories": MemoryRepositoryHost(),
        "repository_cache": MemoryRepositoryCache(),
        "requests": registry,
        "traffic": TrafficCount(),
        "now": Clock(),
        "standards": load_standards(),
    }
    ports |= chosen
    ports.setdefault("search", ReferenceSearch(ports["index"], load_lexicon(), ports["standards"], now=ports["now"]))
    return Services(**ports)
