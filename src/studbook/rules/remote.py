"""Family `artifacts`, with the network: the remote has the bytes of what a step adds. Asked only where the policy's
`artifacts.check` or `--artifacts` says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.change import VersionChange
from studbook.convention import paths
from studbook.diagnostic import Finding, Where
from studbook.expected import Expected
from studbook.rules.step import Step

_PUSH = "send it before the pull request: dvc push, or studbook register --push"
_REPLACE = "put the right object back: delete it in the remote, then dvc push; or register the bytes as another version"


def not_in_remote(step: Step, version: VersionChange) -> Iterator[Finding]:
    for where, expected in _expected(step, version):
        for message in step.store.absent(expected) if step.store else ():
            yield Finding(where, message, _PUSH)


def corrupt(step: Step, version: VersionChange) -> Iterator[Finding]:
    for where, expected in _expected(step, version):
        for message in step.store.damaged(expected) if step.store else ():
            yield Finding(where, message, _REPLACE)


def _expected(step: Step, version: VersionChange) -> Iterator[tuple[Where, Expected]]:
    """The artifacts of a version that the step adds, as far as manifest and pointers can be read and agree."""
    if step.store is None or not version.added:
        return
    manifest = step.head.manifest(version.model, version.version)
    for artifact in manifest.artifacts if manifest else ():
        path = paths.pointer_file(version.model, version.version, artifact.path)
        found = step.head.pointer_file(version.model, version.version, artifact.path)
        if found is not None and found.record is not None and found.record.out.size == artifact.size:
            out = found.record.out
            expected = Expected(artifact.path, artifact.size, artifact.sha256, out.md5, out.nfiles)
            yield Where(path, ("outs", 0, "md5")), expected
