"""The READMEs of the reference data, which tests may use and nothing may copy."""

import gzip
from pathlib import Path

from msgspec import Struct, json

from pyf.aggregator.domain.readme import Readme


class _Info(Struct):
    description: str | None = None
    description_content_type: str | None = None
    summary: str | None = None


class _Document(Struct):
    info: _Info


def load_reference_readmes(shared_data: Path) -> list[Readme]:
    """Return the READMEs of some 370 napari plugins, mostly Markdown, and of 17 Plone packages, mostly RST."""
    lines = (
        line
        for name in ("napari-projects.jsonl.gz", "plone-derived.jsonl.gz")
        for line in gzip.decompress((shared_data / "pypi" / name).read_bytes()).splitlines()
    )
    infos = (json.decode(line, type=_Document).info for line in lines)
    return [
        Readme(text=i.description or "", content_type=i.description_content_type or "", summary=i.summary or "")
        for i in infos
    ]
