"""A local PyPI: the parts of its APIs that the program uses, over real HTTP.

`python -m pyf.aggregator.sandbox.pypi [FOLDER]` runs it as a process and prints its URL.
"""

import argparse
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
from aiohttp import web

from . import changelog, load, xmlrpc
from .fake_registry import FakeRegistry
from .faults import Fault, FaultKind, RateLimit
from .load import load_documents, load_sample_documents
from .local_service import LocalService
from .project import Project
from .responses import PreparedResponse, redirect
from .xmlrpc import PyPITarget, XmlRpcCall, handle_call, parse_pypi_target
from .yaml_format import (
    render_simple_html,
    serialize_project,
    serialize_release,
    serialize_simple_index,
    serialize_simple_page,
)

SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
_DOCUMENT_MAX_AGE = 900
_SIMPLE_MAX_AGE = 600
_NOT_FOUND = PreparedResponse(b'{"message": "Not Found"}', status=404)


class LocalPyPI(LocalService[PyPITarget]):
    """PyPI with its real behavior, for a registry that may change at any time.

    Attributes:
        xmlrpc_limit: The limit of XML-RPC methods; `rate_limit` is for all other URLs.
        document_lag: By how many changes project documents are stale; may be changed at any time.
        index_lag: By how many serials the simple index is stale; may be changed at any time.
        filler_count: The number of filler projects, which only the simple index has.
    """

    def __init__(
        self,
        registry: FakeRegistry,
        *,
        latency: float = 0.0,
        port: int = 0,
        seed: int = 0,
        rate_limit: RateLimit | None = None,
        xmlrpc_limit: RateLimit | None = None,
        document_lag: int = 0,
        index_lag: int = 0,
        filler_count: int = 0,
    ) -> None:
        super().__init__(latency=latency, port=port, seed=seed, rate_limit=rate_limit)
        self.registry = registry
        self.xmlrpc_limit = xmlrpc_limit
        self.document_lag = document_lag
        self.index_lag = index_lag
        self._filler_entries = load.build_index_entries(filler_count)
        self._project_cache: dict[str, tuple[Project, dict[object, PreparedResponse]]] = {}
        self._registry_cache: tuple[int, dict[object, PreparedResponse]] = (-1, {})

    def parse_target(self, method: str, path: str, body: bytes) -> PyPITarget:
        return parse_pypi_target(method, path, body)

    def get_rate_limit(self, target: PyPITarget) -> RateLimit | None:
        return self.xmlrpc_limit if target.call else self.rate_limit

    def build_refusal(self, target: PyPITarget, limit: RateLimit) -> PreparedResponse:
        if target.call is None:
            return super().build_refusal(target, limit)
        return _build_xml_response(
            xmlrpc.build_throttled_fault(limit.retry_after.seconds if limit.retry_after else None)
        )

    def build_response(self, target: PyPITarget, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        as_json = SIMPLE_JSON in request.headers.get("Accept", "")
        match target.kind:
            case "project":
                return self._respond_project(target, fault is not None and fault.kind == FaultKind.STALE)
            case "release":
                return self._respond_release(target)
            case "simple_index":
                return self._respond_simple_index(as_json) if target.path.endswith("/") else redirect("/simple/")
            case "simple_page":
                return self._respond_simple_page(target, as_json)
            case "rss":
                feed = (
                    changelog.build_updates_feed
                    if target.path.endswith("updates.xml")
                    else changelog.build_packages_feed
                )
                return self._get_registry_response(
                    target.path,
                    lambda: PreparedResponse(
                        feed(self.registry.list_projects()), "text/xml", max_age=_DOCUMENT_MAX_AGE
                    ),
                )
        return self._respond_call(target.call, fault) if target.call else _NOT_FOUND

    def _respond_project(self, target: PyPITarget, is_stale: bool) -> PreparedResponse:
        project = self.registry.get_project(target.project, changes_ago=self.document_lag or int(is_stale))
        if project is None:
            return _NOT_FOUND
        if target.requested_name != target.project:
            return redirect(f"/pypi/{target.project}/json")
        if not project.is_visible:
            return _NOT_FOUND
        return self._get_project_response(
            project, "", lambda: _build_document_response(project, serialize_project(project))
        )

    def _respond_release(self, target: PyPITarget) -> PreparedResponse:
        project = self.registry.get_project(target.project)
        release = project.get_release(target.version) if project and project.is_visible else None
        if project is None or release is None:
            return _NOT_FOUND
        if target.requested_name != target.project:
            return redirect(f"/pypi/{target.project}/{target.version}/json")
        return self._get_project_response(
            project, release.version, lambda: _build_document_response(project, serialize_release(project, release))
        )

    def _respond_simple_index(self, as_json: bool) -> PreparedResponse:
        lag = self.index_lag

        def make() -> PreparedResponse:
            serial, projects = self.registry.list_projects_at(self.registry.last_serial - lag)
            return _build_simple_response(
                serialize_simple_index(projects, serial), serial, as_json, self._filler_entries
            )

        return self._get_registry_response(("simple", lag, as_json), make)

    def _respond_simple_page(self, target: PyPITarget, as_json: bool) -> PreparedResponse:
        project = self.registry.get_project(target.project)
        if project is None:
            return _NOT_FOUND
        if target.requested_name != target.project or not target.path.endswith("/"):
            return redirect(f"/simple/{target.project}/")
        return self._get_project_response(
            project,
            ("simple", as_json),
            lambda: _build_simple_response(serialize_simple_page(project), project.last_serial, as_json),
        )

    def _respond_call(self, call: XmlRpcCall, fault: Fault | None) -> PreparedResponse:
        if fault is not None and fault.kind == FaultKind.EMPTY_BROWSE:
            return _build_xml_response(xmlrpc.build_response([]))
        if fault is not None and fault.kind == FaultKind.THROTTLED:
            return _build_xml_response(
                xmlrpc.build_throttled_fault(fault.retry_after.seconds if fault.retry_after else None)
            )
        try:
            if call.method != "browse":  # pages of the changelog are large, and read once
                return _build_xml_response(handle_call(call, self.registry))
            return self._get_registry_response(
                repr(call), lambda: _build_xml_response(handle_call(call, self.registry))
            )
        except xmlrpc.XmlRpcFault as error:
            return _build_xml_response(xmlrpc.build_fault(str(error), error.code))

    def _get_project_response(
        self, project: Project, key: object, build: Callable[[], PreparedResponse]
    ) -> PreparedResponse:
        """Build a response about a project once, until the project changes."""
        cached_project, responses = self._project_cache.get(project.normalized_name, (None, {}))
        if cached_project is not project:
            responses = {}
            self._project_cache[project.normalized_name] = project, responses
        return responses.get(key) or responses.setdefault(key, build())

    def _get_registry_response(self, key: object, build: Callable[[], PreparedResponse]) -> PreparedResponse:
        """Build a response about the whole registry once, until anything changes."""
        revision, responses = self._registry_cache
        if revision != self.registry.revision:
            responses = {}
            self._registry_cache = self.registry.revision, responses
        return responses.get(key) or responses.setdefault(key, build())


def _build_xml_response(body: bytes) -> PreparedResponse:
    return PreparedResponse(body, "text/xml")


def _build_document_response(project: Project, document: Any) -> PreparedResponse:
    headers = {"X-PyPI-Last-Serial": str(project.last_serial)}
    try:
        body = msgspec.json.encode(document)
    except UnicodeEncodeError:  # a lone surrogate, which PyPI's encoder escapes
        body = json.dumps(msgspec.to_builtins(document)).encode()
    return PreparedResponse(body, headers=headers, max_age=_DOCUMENT_MAX_AGE)


def _build_simple_response(document: Any, serial: int, as_json: bool, filler_entries: bytes = b"") -> PreparedResponse:
    body = msgspec.json.encode(document) if as_json else render_simple_html(document)
    if filler_entries and as_json:
        head, opening, rest = body.partition(b'"projects":[')
        body = b"".join(
            (head, opening, filler_entries.removesuffix(b",") if rest.startswith(b"]") else filler_entries, rest)
        )
    content_type = SIMPLE_JSON if as_json else "text/html; charset=utf-8"
    headers = {"X-PyPI-Last-Serial": str(serial), "Vary": "Accept"}
    return PreparedResponse(body, content_type, headers=headers, max_age=_SIMPLE_MAX_AGE)


def main() -> None:
    """Serve a folder of project documents, or the sample ecosystem, until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m pyf.aggregator.sandbox.pypi", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="project documents (default: the sample ecosystem)")
    parser.add_argument("--port", type=int, default=0, help="port (default: a free one)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every response takes")
    parser.add_argument("--filler", type=int, default=0, help="filler projects in the simple index")
    args = parser.parse_args()
    registry = FakeRegistry(load_documents(args.folder) if args.folder else load_sample_documents())
    with (
        LocalPyPI(registry, port=args.port, latency=args.latency, filler_count=args.filler) as service,
        suppress(KeyboardInterrupt),
    ):
        print(service.url, flush=True)
        Event().wait()


if __name__ == "__main__":
    main()
