"""The small files: a stage's pointer, the mark of an archived version, a waiver, a DVC pointer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from studbook.convention.base import FileRecord, Free, Md5, Record, Size, Text, Version


class StagePointer(FileRecord):
    """stages/<stage>.yaml: which version holds this stage, and why."""

    version: Version
    reason: str | None = None
    retry: str | None = None


class Archived(FileRecord):
    """archived.yaml: present means that this version may hold no stage."""

    reason: Text
    bytes: Literal["kept", "purged"] = "kept"


class Waiver(FileRecord):
    """waivers/<commit>.yaml: a merged step that was illegal and is accepted as it is."""

    reason: Text


class Output(Record):
    """The one `outs` entry of a DVC pointer."""

    md5: Md5
    size: Size
    hash: Literal["md5"]
    path: Text
    nfiles: Size | None = None
    desc: str | None = None
    type: str | None = None
    labels: list[str] | None = None
    meta: Free | None = None


class Pointer(FileRecord):
    """<artifact>.dvc: plain `dvc add` output and nothing more."""

    outs: Annotated[list[Output], Field(min_length=1, max_length=1)]

    @property
    def out(self) -> Output:
        return self.outs[0]

    @property
    def is_directory(self) -> bool:
        return self.out.md5.endswith(".dir")
