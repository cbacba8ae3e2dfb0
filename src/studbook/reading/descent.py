"""`lineage`: what a version was made from, what was made from it, and who was made from some data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from studbook.convention import names, paths
from studbook.convention.manifest import Data, Manifest
from studbook.convention.names import Reference
from studbook.diagnostic import Fault
from studbook.models import ModelVersion
from studbook.registry import Registry

_BATCH = 5_000
"""Manifests whose bytes are held at once."""
_SHORTEST = 6
"""Characters of a hash, at least: fewer would name many."""


class Node(NamedTuple):
    """A version, or what one was made from."""

    id: str
    kind: str
    """version, code, origin or data"""
    label: str
    note: str = ""
    """For a version: the stages that it holds, `archived`, or `missing`."""


class Edge(NamedTuple):
    """`child` was made from `parent`."""

    child: str
    parent: str
    how: str


class Graph(NamedTuple):
    root: str
    nodes: dict[str, Node]
    edges: list[Edge]


class Use(NamedTuple):
    """A version that some data went into."""

    version: ModelVersion
    role: str
    """train, validation, ..., or several of them; empty where the manifest says none."""
    data: str
    """What the manifest calls the data."""
    through: str
    """The parent by which it came; empty where the version was made from the data itself."""


class Descent:
    """The graph of a registry. Parents are read one by one; for children, every manifest that names a parent."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._children: dict[Reference, list[tuple[Reference, str]]] | None = None

    def above(self, start: ModelVersion) -> Graph:
        """All that a version was made from."""
        graph = Graph(start.reference, {}, [])
        waiting = [Reference(start.model, start.version)]
        while waiting:
            reference = waiting.pop()
            if str(reference) in graph.nodes:
                continue
            manifest = self._manifest(reference)
            graph.nodes[str(reference)] = self._node(reference)
            for node, how in _sources(manifest) if manifest else ():
                graph.nodes.setdefault(node.id, node)
                graph.edges.append(Edge(str(reference), node.id, how))
            for parent in manifest.lineage.parents if manifest else ():
                graph.edges.append(Edge(str(reference), parent.ref, parent.relation))
                waiting.append(names.reference(parent.ref))
        return graph

    def below(self, start: ModelVersion) -> Graph:
        """All that was made from a version."""
        graph = Graph(start.reference, {}, [])
        waiting = [Reference(start.model, start.version)]
        while waiting:
            reference = waiting.pop()
            if str(reference) not in graph.nodes:
                graph.nodes[str(reference)] = self._node(reference)
                for child, how in self._offspring(reference):
                    graph.edges.append(Edge(str(child), str(reference), how))
                    waiting.append(child)
        return graph

    def made_from(self, identity: str) -> list[Use]:
        """Every version that the data of this md5, sha256 or version went into, and all that descends from those.

        A hash may be shortened. Raises `Fault` where it is too short.
        """
        if len(identity) < _SHORTEST:
            raise Fault(f"`{identity}` is too short to name data", f"give at least {_SHORTEST} characters of its hash")
        found: dict[Reference, Use] = {}
        for reference, manifest in self._manifests(identity.encode()):
            if used := [data for data in manifest.lineage.data if _is(data, identity)]:
                roles, called = _join(data.role for data in used), _join(data.name for data in used)
                found[reference] = Use(self._version(reference), roles, called, "")
        waiting = list(found)
        while waiting:
            parent = waiting.pop()
            for child, _ in self._offspring(parent):
                if child not in found:
                    found[child] = Use(self._version(child), "", found[parent].data, str(parent))
                    waiting.append(child)
        return [found[reference] for reference in sorted(found, key=_order)]

    def _version(self, reference: Reference) -> ModelVersion:
        return ModelVersion(self._registry, reference.model, reference.version)

    def _manifest(self, reference: Reference) -> Manifest | None:
        return self._registry.snapshot.manifest(reference.model, reference.version)

    def _node(self, reference: Reference) -> Node:
        version = self._version(reference)
        if not self._registry.snapshot.has_version(*reference):
            return Node(str(reference), "version", str(reference), "missing")
        note = "archived" if version.is_archived else ", ".join(version.stages)
        return Node(str(reference), "version", str(reference), note)

    def _offspring(self, parent: Reference) -> list[tuple[Reference, str]]:
        if self._children is None:
            self._children = {}
            for reference, manifest in self._manifests(b"parents"):
                for named in manifest.lineage.parents:
                    self._children.setdefault(names.reference(named.ref), []).append((reference, named.relation))
        return sorted(self._children.get(parent, []), key=lambda child: _order(child[0]))

    def _manifests(self, needle: bytes) -> Iterator[tuple[Reference, Manifest]]:
        """The readable manifests that may say `needle`: parsing costs ten times what reading does.

        A text that is not there as it is can only be there by an escape, which needs a backslash.
        """
        registry, objects = self._registry, self._registry.repo.objects
        found = list(self._files())
        for at in range(0, len(found), _BATCH):
            batch = found[at : at + _BATCH]
            objects.prefetch(oid for _, oid in batch)
            wanted = []
            for reference, oid in batch:
                data = objects.read(oid)
                if isinstance(data, bytes) and (needle in data or b"\\" in data):
                    wanted.append((reference, oid))
            registry.documents.prefetch(oid for _, oid in wanted)
            for reference, oid in wanted:
                record = registry.documents.parse(paths.manifest_file(*reference), oid, Manifest).record
                if record is not None:
                    yield reference, record

    def _files(self) -> Iterator[tuple[Reference, str]]:
        whole = self._registry.whole
        for model in whole.models():
            for name, folder in whole.listing(f"{model}/versions").items():
                entry = (
                    whole.entry(paths.manifest_file(model, name))
                    if folder.is_folder and names.is_version(name)
                    else None
                )
                if entry is not None and entry.is_regular:
                    yield Reference(model, name), entry.oid


def _order(reference: Reference) -> tuple[str, names.Precedence]:
    return reference.model, names.precedence(reference.version)


def _join(words: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(word for word in words if word))


def _is(data: Data, identity: str) -> bool:
    hashes = (text for text in (data.md5, data.sha256) if text)
    return data.version == identity or any(text.startswith(identity.lower()) for text in hashes)


def _sources(manifest: Manifest) -> Iterator[tuple[Node, str]]:
    """Code, origin and data of a version. The same code or data of two versions is one node."""
    lineage = manifest.lineage
    if code := lineage.code:
        place = f"{code.repository} {code.commit[:12]}"
        node_id = f"code:{code.repository}@{code.commit}:{code.path or ''}:{code.command or ''}"
        yield Node(node_id, "code", f"{place} {code.path}" if code.path else place, code.command or ""), "code"
    if origin := lineage.origin:
        yield Node(f"origin:{origin.uri}@{origin.version or ''}", "origin", origin.uri, origin.version or ""), "origin"
    for data in lineage.data:
        identity = data.sha256 or data.md5 or data.version or ""
        yield Node(f"data:{identity}", "data", data.name, identity), data.role or "data"
