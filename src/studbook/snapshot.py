"""The registry at one tree: lazy, and parsed once per blob."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import ValidationError

from studbook import document
from studbook.convention import base, messages, names, paths
from studbook.convention.manifest import Evaluation, Manifest
from studbook.convention.model import Model
from studbook.convention.paths import Kind
from studbook.convention.policy import Policy
from studbook.convention.small import Archived, Pointer, StagePointer, Waiver
from studbook.diagnostic import Where
from studbook.document import Document
from studbook.tree import Blobs, Entry, Tree

R = TypeVar("R", bound=base.FileRecord)


class Parsed(Generic[R]):
    """A file that is there. `record` is None where it cannot be read: unreadable is not absent."""

    __slots__ = ("document", "faults", "path", "record")

    def __init__(self, path: str, doc: Document, record: R | None, faults: tuple[base.Fault, ...]) -> None:
        self.path = path
        self.document = doc
        self.record = record
        self.faults = faults

    @property
    def is_sound(self) -> bool:
        return not self.faults and not self.document.problems

    def at(self, *route: str | int) -> Where:
        return Where(self.path, route)


class Documents:
    """Blobs to documents and records, each parsed once whatever the number of trees that hold it."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._parsed: dict[
            tuple[str, type[base.FileRecord]], tuple[Document, base.FileRecord | None, tuple[base.Fault, ...]]
        ] = {}

    def prefetch(self, oids: Iterable[str]) -> None:
        self._blobs.prefetch(oids)

    def forget(self) -> None:
        """Drop what was parsed: bounds the memory of a pass over the whole registry."""
        self._parsed.clear()

    def text(self, oid: str) -> str:
        """A text file as it is; what is not UTF-8 or is too large reads as far as it can be."""
        data = self._blobs.read(oid)
        return data.decode("utf-8", "replace") if isinstance(data, bytes) else ""

    def parse(self, path: str, oid: str, kind: type[R]) -> Parsed[R]:
        found = self._parsed.get((oid, kind))
        if found is None:
            data = self._blobs.read(oid)
            doc = document.parse(data) if isinstance(data, bytes) else document.oversized(data)
            found = self._parsed[oid, kind] = (doc, *_validate(doc, kind))
        return Parsed(path, *found)  # type: ignore[arg-type]  # the key holds the type


def _validate(doc: Document, kind: type[R]) -> tuple[R | None, tuple[base.Fault, ...]]:
    if doc.problems:
        return None, ()
    value = doc.value
    if isinstance(value, dict) and kind is not Pointer and [key for key in value if key[:2] == "x-"]:
        value = {key: item for key, item in value.items() if not key.startswith("x-")}
    try:
        record = kind.model_validate(value)
    except ValidationError as error:
        return None, messages.explain(error, doc)
    faults = tuple(record.semantic())
    return (None if any(f.rule == "schema" for f in faults) else record), faults


_RECORDS: dict[Kind, type[base.FileRecord]] = {
    Kind.POLICY: Policy,
    Kind.WAIVER: Waiver,
    Kind.MODEL: Model,
    Kind.STAGE: StagePointer,
    Kind.MANIFEST: Manifest,
    Kind.POINTER: Pointer,
    Kind.EVALUATION: Evaluation,
    Kind.ARCHIVED: Archived,
}


class Snapshot:
    """What the registry holds at one tree. Paths are below the registry's folder."""

    def __init__(self, tree: Tree, documents: Documents) -> None:
        self._tree = tree
        self.documents = documents

    @cached_property
    def exists(self) -> bool:
        return bool(self._tree.listing(""))

    def listing(self, folder: str) -> Mapping[str, Entry]:
        return self._tree.listing(folder)

    def entry(self, path: str) -> Entry | None:
        folder, _, name = path.rpartition("/")
        return self._tree.listing(folder).get(name)

    def has_file(self, path: str) -> bool:
        entry = self.entry(path)
        return entry is not None and not entry.is_folder

    def has_folder(self, path: str) -> bool:
        entry = self.entry(path)
        return entry is not None and entry.is_folder

    def parsed(self, path: str, kind: Kind) -> Parsed[base.FileRecord] | None:
        """The file at `path`, read as what its place says; None where there is no regular file."""
        return self._parse(path, _RECORDS[kind])

    def _parse(self, path: str, record: type[R]) -> Parsed[R] | None:
        entry = self.entry(path)
        return self.documents.parse(path, entry.oid, record) if entry and entry.is_regular else None

    def _record(self, path: str, record: type[R]) -> R | None:
        parsed = self._parse(path, record)
        return parsed.record if parsed else None

    # policy

    @cached_property
    def policy_file(self) -> Parsed[Policy] | None:
        return self._parse(paths.POLICY, Policy)

    @property
    def policy(self) -> Policy | None:
        return self.policy_file.record if self.policy_file else None

    # models

    def models(self, folder: str = "") -> Iterator[str]:
        """Every model, by name. Reads the whole registry's folders: only for questions about all of it."""
        listing = self._tree.listing(folder)
        if folder and paths.MODEL in listing:
            yield folder
            return
        for name, entry in listing.items():
            if entry.is_folder and names.is_label(name) and name not in names.RESERVED_SEGMENTS:
                yield from self.models(f"{folder}/{name}" if folder else name)

    def model_file(self, model: str) -> Parsed[Model] | None:
        return self._parse(paths.model_file(model), Model)

    def model(self, model: str) -> Model | None:
        return self._record(paths.model_file(model), Model)

    # versions

    def versions(self, model: str) -> list[str]:
        """Versions that have a manifest, readable or not, in SemVer order."""
        found = [name for name, entry in self._tree.listing(f"{model}/versions").items() if entry.is_folder]
        valid = [v for v in found if names.is_version(v) and self.has_version(model, v)]
        return sorted(valid, key=names.precedence)

    def has_version(self, model: str, version: str) -> bool:
        return self.has_file(paths.manifest_file(model, version))

    def manifest_file(self, model: str, version: str) -> Parsed[Manifest] | None:
        return self._parse(paths.manifest_file(model, version), Manifest)

    def manifest(self, model: str, version: str) -> Manifest | None:
        return self._record(paths.manifest_file(model, version), Manifest)

    def pointer_file(self, model: str, version: str, artifact: str) -> Parsed[Pointer] | None:
        return self._parse(paths.pointer_file(model, version, artifact), Pointer)

    def is_archived(self, model: str, version: str) -> bool:
        return self.entry(paths.archived_file(model, version)) is not None

    def card(self, model: str, version: str) -> str | None:
        entry = self.entry(f"{paths.version_folder(model, version)}/{paths.CARD}")
        return self.documents.text(entry.oid) if entry and entry.is_regular else None

    def evaluations(self, model: str, version: str) -> Iterator[tuple[str, str, Evaluation]]:
        """Suite, run and record of each readable evaluation."""
        top = f"{paths.version_folder(model, version)}/evaluations"
        for suite in self._tree.listing(top):
            for name in self._tree.listing(f"{top}/{suite}"):
                record = self._record(f"{top}/{suite}/{name}", Evaluation)
                if record is not None:
                    yield suite, name.removesuffix(".yaml"), record

    # stages

    def stages(self, model: str) -> list[str]:
        """Stages that have a file, whatever it says."""
        return [n.removesuffix(".yaml") for n in self._tree.listing(f"{model}/stages") if n.endswith(".yaml")]

    def stage_file(self, model: str, stage: str) -> Parsed[StagePointer] | None:
        return self._parse(paths.stage_file(model, stage), StagePointer)

    def holder(self, model: str, stage: str) -> str | None:
        """The version that holds a stage; None where it is empty or its file cannot be read."""
        record = self._record(paths.stage_file(model, stage), StagePointer)
        return record.version if record else None
