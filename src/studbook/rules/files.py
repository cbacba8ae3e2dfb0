"""Family `files`: every file is of a known kind, well formed, in its place, and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from studbook.change import FileChange, ModelChange, VersionChange
from studbook.convention import names, paths
from studbook.convention.manifest import Evaluation, Manifest
from studbook.convention.paths import Kind
from studbook.diagnostic import Finding, Where
from studbook.rules.step import File, Step

_LABEL_HINT = "use lower-case letters, digits and hyphens, beginning with a letter and ending with a letter or digit, at most 63 characters"
_STAGE_HINT = f"{_LABEL_HINT}; not new, registered, archived, latest or v1, v2, ..."
_RUN_HINT = "use lower-case letters, digits and hyphens, at most 63 characters"
_MODES = {
    "120000": ("a symbolic link", "commit the file itself"),
    "160000": ("a submodule", "commit the files themselves, or track them with DVC"),
    "100755": ("executable", "make it a plain file: git update-index --chmod=-x FILE"),
}


def document(rule: str) -> Callable[[Step, File], Iterator[Finding]]:
    """What `document.py` found, for the rule of that id."""

    def check(step: Step, file: File) -> Iterator[Finding]:
        if file.parsed is not None and file.parsed.document.problems:
            for problem in file.parsed.document.problems:
                if problem.rule == rule:
                    yield Finding(Where(file.path, offset=problem.offset), problem.message, problem.hint)

    return check


_unreadable = document("schema")


def schema(step: Step, file: File) -> Iterator[Finding]:
    yield from _unreadable(step, file)
    if file.parsed is not None and file.parsed.faults and file.change.place.kind is not Kind.POINTER:
        yield from _faults(file, "schema")


def _faults(file: File, rule: str) -> Iterator[Finding]:
    for fault in file.parsed.faults if file.parsed else ():
        if fault.rule == rule:
            yield Finding(Where(file.path, fault.route, fault.key), fault.message, fault.hint)


def unknown_file(step: Step, file: File) -> Iterator[Finding]:
    change = file.change
    if change.after is None or not change.after.is_regular or change.place.kind is not Kind.UNKNOWN:
        return
    if _is_metadata_schema(step, change.path) or is_artifact_in_git(step, change):
        return
    message = (
        f"a registry has no file `{change.path}`" if change.path else "the registry is a file, and should be a folder"
    )
    yield Finding(Where(change.path), message, _unknown_hint(change.path))


def too_deep(step: Step) -> Iterator[Finding]:
    for path in step.too_deep:
        message = f"this file lies more than {paths.MAX_FOLDERS} folders deep"
        yield Finding(Where(path), message, "a registry has no such file: remove it")


def _is_metadata_schema(step: Step, path: str) -> bool:
    return any(policy is not None and policy.metadata_schema == path for policy in (step.head.policy, step.base.policy))


def _unknown_hint(path: str) -> str:
    if not path:
        return "restore the folder"
    if path.endswith("/.gitignore"):
        return "delete it: the .gitignore of the registry's folder already ignores every artifact"
    if path.endswith(".yml"):
        return "name it .yaml"
    return "remove it, or move it out of the registry's folder"


def is_artifact_in_git(step: Step, change: FileChange) -> bool:
    """Whether an unknown file is (part of) what the version's manifest, or a pointer beside it, calls an artifact."""
    place = change.place
    if place.kind is not Kind.UNKNOWN or not place.name or change.after is None:
        return False
    manifest = step.head.manifest(place.model, place.version)
    listed = manifest is not None and any(artifact.path == place.name for artifact in manifest.artifacts)
    return listed or step.head.has_file(paths.pointer_file(place.model, place.version, place.name))


def unsafe_file_type(step: Step, file: File) -> Iterator[Finding]:
    entry = file.change.after
    if entry is None or entry.is_regular:
        return
    what, hint = _MODES.get(entry.mode, (f"of mode {entry.mode}", "commit it as a plain file of mode 100644"))
    if not file.path:
        yield Finding(Where(file.path), f"the registry's folder is {what}", "commit the folder itself")
        return
    yield Finding(Where(file.path), f"{file.path} is {what}: only plain files are read", hint)


def file_name(step: Step, file: File) -> Iterator[Finding]:
    place = file.change.place
    if file.parsed is not None and file.parsed.faults:
        yield from _faults(file, "name")
    if file.change.after is None:
        return
    if place.kind is Kind.STAGE and not names.is_stage(place.name):
        yield Finding(Where(file.path), f"`{place.name}` cannot be the name of a stage", _STAGE_HINT)
    elif place.kind is Kind.WAIVER and not names.is_commit(place.name):
        yield Finding(Where(file.path), f"`{place.name}` is not a commit id", "name it <40 hexadecimal digits>.yaml")
    elif place.kind is Kind.EVALUATION and not names.is_label(place.name):
        yield Finding(Where(file.path), f"`{place.name}` cannot be the name of an evaluation suite", _LABEL_HINT)
    elif place.kind is Kind.EVALUATION and not names.is_run(place.run):
        yield Finding(Where(file.path), f"`{place.run}` cannot be the name of an evaluation run", _RUN_HINT)


def model_name(step: Step, model: ModelChange) -> Iterator[Finding]:
    present = next((file for file in model.files if file.after is not None), None)
    if present is None:
        return
    if not names.is_model(model.name):
        reserved = next((s for s in model.name.split("/") if s in names.RESERVED_SEGMENTS), None)
        hint = f"`{reserved}` is a folder of the registry's own" if reserved else _LABEL_HINT
        yield Finding(Where(present.path), f"`{model.name}` cannot be the name of a model", hint)
        return
    if outer := _outer_model(step, model.name):
        yield Finding(
            Where(present.path), f"{model.name} lies inside the model {outer}", "move one of them: models do not nest"
        )
    elif (inner := _inner_folder(step, model)) is not None:
        yield Finding(
            Where(present.path),
            f"{model.name}/{inner} lies inside the model {model.name}",
            "move one of them: models do not nest",
        )


def _outer_model(step: Step, name: str) -> str | None:
    segments = name.split("/")
    outers = ("/".join(segments[:count]) for count in range(1, len(segments)))
    return next((outer for outer in outers if step.head.has_file(paths.model_file(outer))), None)


def _inner_folder(step: Step, model: ModelChange) -> str | None:
    """A folder in a model's folder that is none of its own: what lies in it would be another model."""
    if not any(file.place.kind is Kind.MODEL and file.added for file in model.files):
        return None
    folders = (name for name, entry in step.head.listing(model.name).items() if entry.is_folder)
    return next((name for name in folders if name not in ("versions", "stages")), None)


def version_name(step: Step, version: VersionChange) -> Iterator[Finding]:
    if not step.head.has_folder(paths.version_folder(version.model, version.version)):
        return
    where = Where(version.files[0].path)
    if not names.is_version(version.version):
        hint = "use SemVer 2.0.0 without build metadata, such as 1.2.0 or 2.0.0-rc.1, at most 64 characters"
        yield Finding(where, f"`{version.version}` is not a version", hint)
    elif version.added and (twin := _twin(step, version)):
        yield Finding(where, f"{version.version} and {twin} differ only in case", "choose another version")


def _twin(step: Step, version: VersionChange) -> str | None:
    others = step.head.listing(f"{version.model}/versions")
    lowered = version.version.lower()
    return next((name for name in others if name != version.version and name.lower() == lowered), None)


def identity_mismatch(step: Step, file: File) -> Iterator[Finding]:
    record = file.parsed.record if file.parsed else None
    if not isinstance(record, Manifest | Evaluation):
        return
    place = file.change.place
    for key, said, real in (("model", record.model, place.model), ("version", record.version, place.version)):
        if said != real:
            hint = f"write `{key}: {real}`, or move the file to where it belongs"
            yield Finding(
                Where(file.path, (key,)), f"the file says {key} {said} and lies in the folder of {real}", hint
            )


def missing_policy(step: Step) -> Iterator[Finding]:
    if step.head.exists and step.head.entry(paths.POLICY) is None:
        yield Finding(Where(paths.POLICY), "the registry has no registry.yaml", "write one: studbook init")
        return
    if any(file.place.kind is Kind.IGNORE and file.removed for file in step.change.root):
        hint = "restore it: without it an artifact is easily committed to Git"
        yield Finding(Where(paths.IGNORE), "the registry's .gitignore is taken away", hint)
    policy = step.head.policy
    if policy is not None and policy.metadata_schema and not step.head.has_file(policy.metadata_schema):
        where = Where(paths.POLICY, ("metadata_schema",))
        yield Finding(
            where, f"there is no {policy.metadata_schema} beside registry.yaml", "add it, or remove metadata_schema"
        )


def missing_model(step: Step, model: ModelChange) -> Iterator[Finding]:
    path = paths.model_file(model.name)
    if names.is_model(model.name) and step.head.has_folder(model.name) and step.head.entry(path) is None:
        yield Finding(Where(path), f"{model.name} has no model.yaml", f"add one: studbook new {model.name}")


def missing_manifest(step: Step, version: VersionChange) -> Iterator[Finding]:
    folder, path = (
        paths.version_folder(version.model, version.version),
        paths.manifest_file(version.model, version.version),
    )
    if names.is_version(version.version) and step.head.has_folder(folder) and step.head.entry(path) is None:
        message = f"{version.model} {version.version} has no manifest.yaml"
        yield Finding(Where(path), message, "add its manifest, or remove the folder")
