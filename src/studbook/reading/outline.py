"""What `list` needs of the folders of every model, read in a few round trips instead of folder by folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from studbook.convention import names, paths
from studbook.git.levels import LevelTree
from studbook.models import Model
from studbook.registry import Registry
from studbook.snapshot import Snapshot


class Outline:
    """Every model of a registry, its stages, and its latest release."""

    def __init__(self, registry: Registry) -> None:
        self._tree = LevelTree(registry.repo.objects, registry.commit, registry.repo.root)
        self.snapshot = Snapshot(self._tree, registry.documents)
        self.models = [Model(registry, name, self.snapshot) for name in sorted(self._models([""]))]
        self._tree.prepare(f"{model.name}/{folder}" for model in self.models for folder in ("stages", "versions"))
        self.latest = dict(self._latest({model.name: _releases(self.snapshot, model.name) for model in self.models}))

    def _models(self, folders: list[str]) -> Iterator[str]:
        """As `Snapshot.models` finds them, a level at a time."""
        while folders:
            self._tree.prepare(folders)
            found = {folder for folder in folders if folder and paths.MODEL in self._tree.listing(folder)}
            yield from found
            folders = [path for folder in folders if folder not in found for path in self._inside(folder)]

    def _inside(self, folder: str) -> Iterator[str]:
        for name, entry in self._tree.listing(folder).items():
            if entry.is_folder and names.is_label(name) and name not in names.RESERVED_SEGMENTS:
                yield f"{folder}/{name}" if folder else name

    def _latest(self, releases: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
        """The highest release of each model that is not archived: the first candidates of all, then the next."""
        while releases := {model: rest for model, rest in releases.items() if rest}:
            tops = {model: max(rest, key=names.precedence) for model, rest in releases.items()}
            self._tree.prepare(paths.version_folder(model, top) for model, top in tops.items())
            for model, top in tops.items():
                if self.snapshot.has_version(model, top) and not self.snapshot.is_archived(model, top):
                    yield model, top
                    releases[model] = []
                else:
                    releases[model].remove(top)

    def prefetch(self, files: Iterable[str]) -> None:
        """These will be read soon."""
        entries = map(self.snapshot.entry, files)
        self.snapshot.documents.prefetch(entry.oid for entry in entries if entry is not None and entry.is_regular)


def _releases(snapshot: Snapshot, model: str) -> list[str]:
    listing = snapshot.listing(f"{model}/versions")
    return [name for name, entry in listing.items() if entry.is_folder and "-" not in name and names.is_version(name)]
