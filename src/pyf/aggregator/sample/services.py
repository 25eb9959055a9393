"""PyPI on this machine: the part of its interfaces that we read, over real HTTP.

`python -m pyf.aggregator.sample.services [FOLDER]` serves as a process of its own and prints its address.
"""

import argparse
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
from aiohttp import web

from . import rss, strangers, xmlrpc
from .answer import Answer, redirect
from .calls import perform
from .ecosystem import Ecosystem
from .faults import Fault, FaultKind
from .limits import RateLimit
from .load import load, sample_documents
from .project import Project
from .routes import Call, PyPITarget, target_of
from .server import LocalService
from .views import project_document, release_document, simple_html, simple_index, simple_page

SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
_DOCUMENT_FRESH = 900
_SIMPLE_FRESH = 600
_NOT_FOUND = Answer(b'{"message": "Not Found"}', status=404)


class LocalPyPI(LocalService[PyPITarget]):
    """PyPI as it really behaves, for an ecosystem that may change meanwhile.

    `xmlrpc_limit` is the limit of the XML-RPC methods, `rate_limit` that of all other addresses. `document_lag`
    and `index_lag` may be set at any time: project documents as they were so many changes of the project ago, the
    simple index as it was so many serials ago. `others` is the number of further projects that the simple index lists,
    and that are not there when somebody asks for them.
    """

    def __init__(
        self,
        ecosystem: Ecosystem,
        *,
        latency: float = 0.0,
        port: int = 0,
        seed: int = 0,
        rate_limit: RateLimit | None = None,
        xmlrpc_limit: RateLimit | None = None,
        document_lag: int = 0,
        index_lag: int = 0,
        others: int = 0,
    ) -> None:
        super().__init__(latency=latency, port=port, seed=seed, rate_limit=rate_limit)
        self.ecosystem = ecosystem
        self.xmlrpc_limit = xmlrpc_limit
        self.document_lag = document_lag
        self.index_lag = index_lag
        self._others = strangers.entries(others)
        self._of_projects: dict[str, tuple[Project, dict[object, Answer]]] = {}
        self._of_registry: tuple[int, dict[object, Answer]] = (-1, {})

    def target(self, method: str, path: str, body: bytes) -> PyPITarget:
        return target_of(method, path, body)

    def limit_for(self, target: PyPITarget) -> RateLimit | None:
        return self.xmlrpc_limit if target.call else self.rate_limit

    def refusal(self, target: PyPITarget, limit: RateLimit) -> Answer:
        if target.call is None:
            return super().refusal(target, limit)
        return _xml(xmlrpc.throttled(limit.retry_after.seconds if limit.retry_after else None))

    def answer(self, target: PyPITarget, request: web.BaseRequest, fault: Fault | None) -> Answer:
        as_json = SIMPLE_JSON in request.headers.get("Accept", "")
        match target.kind:
            case "project":
                return self._project(target, fault is not None and fault.kind == FaultKind.STALE)
            case "release":
                return self._release(target)
            case "simple_index":
                return self._simple_index(as_json) if target.path.endswith("/") else redirect("/simple/")
            case "simple_page":
                return self._simple_page(target, as_json)
            case "rss":
                feed = rss.updates if target.path.endswith("updates.xml") else rss.packages
                return self._registry_answer(
                    target.path, lambda: Answer(feed(self.ecosystem.projects()), "text/xml", fresh_for=_DOCUMENT_FRESH)
                )
        return self._called(target.call, fault) if target.call else _NOT_FOUND

    def _project(self, target: PyPITarget, is_stale: bool) -> Answer:
        project = self.ecosystem.project(target.project, changes_ago=self.document_lag or int(is_stale))
        if project is None:
            return _NOT_FOUND
        if target.asked != target.project:
            return redirect(f"/pypi/{target.project}/json")
        if not project.is_shown:
            return _NOT_FOUND
        return self._project_answer(project, "", lambda: _document(project, project_document(project)))

    def _release(self, target: PyPITarget) -> Answer:
        project = self.ecosystem.project(target.project)
        release = project.release(target.version) if project and project.is_shown else None
        if project is None or release is None:
            return _NOT_FOUND
        if target.asked != target.project:
            return redirect(f"/pypi/{target.project}/{target.version}/json")
        return self._project_answer(
            project, release.version, lambda: _document(project, release_document(project, release))
        )

    def _simple_index(self, as_json: bool) -> Answer:
        lag = self.index_lag

        def make() -> Answer:
            serial, projects = self.ecosystem.projects_at(self.ecosystem.last_serial - lag)
            return _simple(simple_index(projects, serial), serial, as_json, self._others)

        return self._registry_answer(("simple", lag, as_json), make)

    def _simple_page(self, target: PyPITarget, as_json: bool) -> Answer:
        project = self.ecosystem.project(target.project)
        if project is None:
            return _NOT_FOUND
        if target.asked != target.project or not target.path.endswith("/"):
            return redirect(f"/simple/{target.project}/")
        return self._project_answer(
            project, ("simple", as_json), lambda: _simple(simple_page(project), project.last_serial, as_json)
        )

    def _called(self, call: Call, fault: Fault | None) -> Answer:
        if fault is not None and fault.kind == FaultKind.EMPTY_BROWSE:
            return _xml(xmlrpc.response([]))
        if fault is not None and fault.kind == FaultKind.THROTTLED:
            return _xml(xmlrpc.throttled(fault.retry_after.seconds if fault.retry_after else None))
        try:
            if call.method != "browse":  # pages of the journal are large, and read once
                return _xml(perform(call, self.ecosystem))
            return self._registry_answer(repr(call), lambda: _xml(perform(call, self.ecosystem)))
        except xmlrpc.Refused as refused:
            return _xml(xmlrpc.fault(str(refused), refused.code))

    def _project_answer(self, project: Project, key: object, make: Callable[[], Answer]) -> Answer:
        """Make an answer about a project once, for as long as the project stays as it is."""
        known, answers = self._of_projects.get(project.normalized_name, (None, {}))
        if known is not project:
            answers = {}
            self._of_projects[project.normalized_name] = project, answers
        return answers.get(key) or answers.setdefault(key, make())

    def _registry_answer(self, key: object, make: Callable[[], Answer]) -> Answer:
        """Make an answer about the whole registry once, until anything in it changes."""
        revision, answers = self._of_registry
        if revision != self.ecosystem.revision:
            answers = {}
            self._of_registry = self.ecosystem.revision, answers
        return answers.get(key) or answers.setdefault(key, make())


def _xml(body: bytes) -> Answer:
    return Answer(body, "text/xml")


def _document(project: Project, document: Any) -> Answer:
    headers = {"X-PyPI-Last-Serial": str(project.last_serial)}
    return Answer(msgspec.json.encode(document), headers=headers, fresh_for=_DOCUMENT_FRESH)


def _simple(document: Any, serial: int, as_json: bool, others: bytes = b"") -> Answer:
    body = msgspec.json.encode(document) if as_json else simple_html(document)
    if others and as_json:
        head, opening, rest = body.partition(b'"projects":[')
        body = b"".join((head, opening, others.removesuffix(b",") if rest.startswith(b"]") else others, rest))
    content_type = SIMPLE_JSON if as_json else "text/html; charset=utf-8"
    headers = {"X-PyPI-Last-Serial": str(serial), "Vary": "Accept"}
    return Answer(body, content_type, headers=headers, fresh_for=_SIMPLE_FRESH)


def main() -> None:
    """Serve a folder of project documents, or the sample, until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m pyf.aggregator.sample.services", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="project documents; the sample ecosystem if left out")
    parser.add_argument("--port", type=int, default=0, help="any free port if left out")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every answer takes")
    parser.add_argument("--others", type=int, default=0, help="further projects that the simple index lists")
    asked = parser.parse_args()
    ecosystem = Ecosystem(load(asked.folder) if asked.folder else sample_documents())
    with (
        LocalPyPI(ecosystem, port=asked.port, latency=asked.latency, others=asked.others) as service,
        suppress(KeyboardInterrupt),
    ):
        print(service.url, flush=True)
        Event().wait()


if __name__ == "__main__":
    main()
