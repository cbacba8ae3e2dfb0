"""What may be believed about where artifacts are: DVC's configuration at a commit that is trusted, never at a pull
request's head, which could send the user's credentials to a place of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from studbook import storage
from studbook.diagnostic import Fault
from studbook.git import Repository
from studbook.storage import Config, Remote, Trusted

_FILE = ".dvc/config"


def config(repo: Repository, commit: str) -> Config:
    """DVC's configuration: of the trusted `commit`, under the user's own. Raises `Fault` where it cannot be read."""
    home, is_here = _home(repo)
    origin = f"{_FILE} at {commit[:12]}"
    return storage.load(Trusted(_text(repo, commit, origin), origin, home, is_here, _has_local_file(repo)))


def remote(repo: Repository, commit: str) -> Remote:
    """The default remote. Raises `Fault` where there is none, or it cannot be used."""
    return storage.open_remote(config(repo, commit))


def _text(repo: Repository, commit: str, origin: str) -> str | None:
    entry = None if commit == repo.empty_tree else repo.objects.tree(f"{commit}:.dvc").get("config")
    if entry is None:
        return None
    data = repo.objects.read(entry.oid) if entry.is_regular else None
    try:
        if isinstance(data, bytes):
            return data.decode()
    except UnicodeDecodeError:
        pass
    raise Fault(f"{origin} is not a plain text file", "put it right on the branch that is trusted")


def _home(repo: Repository) -> tuple[Path, bool]:
    """The `.dvc` folder, and whether it is where the repository lies: a clone from a URL can be anywhere."""
    if repo.top is not None:
        return repo.top / ".dvc", True
    url = os.fsdecode(repo.git.try_run("config", "--get", "remote.origin.url").stdout).strip()
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Path(unquote(parts.path), ".dvc"), True
    return (Path(url, ".dvc"), True) if url and os.path.isabs(url) else (repo.git_dir / ".dvc", False)


def _has_local_file(repo: Repository) -> bool:
    """Whether .dvc/config.local is the user's own. What is committed, or reached by a symlink, can be a stranger's."""
    if repo.top is None:
        return False
    folder = repo.top / ".dvc"
    if folder.is_symlink() or (folder / "config.local").is_symlink() or not (folder / "config.local").is_file():
        return False
    committed = os.fsdecode(repo.git.run("ls-files", "-z", "--", ":(icase,top).dvc")).split("\0")
    return not any(path.casefold() in (".dvc", ".dvc/config.local") for path in committed)
