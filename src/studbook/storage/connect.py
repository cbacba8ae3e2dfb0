"""From DVC's configuration to a remote."""

from __future__ import annotations

from studbook.diagnostic import Fault
from studbook.storage.config import Config
from studbook.storage.remote import Objects, Remote

_KEEPALIVE = 15
"""Seconds; after three of them without an answer a connection is given up."""


def open_remote(config: Config, name: str | None = None) -> Remote:
    """A remote by name, or the default one. Nothing is asked of it yet. Raises `Fault` where it is not configured."""
    chosen = name or str(config.values["core"].get("remote") or "")
    if not chosen:
        hint = "set one up, commit it and merge it: dvc remote add --default NAME URL"
        raise Fault(f"{config.trusted.origin} names no default remote", hint)
    if chosen.lower() not in config.values["remote"]:
        raise Fault(f"there is no remote `{chosen}` in {config.trusted.origin}", "see what `dvc remote list` says")
    url = str(config.values["remote"][chosen.lower()].get("url", ""))
    if not config.trusted.is_here and _is_relative(url):
        hint = "clone the repository where that folder is, or give the registry a remote with a URL"
        raise Fault(f"the remote `{chosen}` is a folder inside the repository, which is not on this machine", hint)
    return Remote(chosen, url, lambda: _connect(config, chosen))


def _is_relative(url: str) -> bool:
    from dvc.config_schema import RelPath

    return isinstance(url, RelPath)


def _connect(config: Config, name: str) -> Objects:
    from dvc.config import ConfigError
    from dvc.data_cloud import Remote as DvcRemote
    from dvc.fs import RemoteMissingDepsError, get_cloud_fs

    try:
        kind, settings, path = get_cloud_fs(config.values, name=name)
        if settings.get("version_aware") or settings.get("worktree"):
            hint = "use a plain remote: one that stores objects by their hash"
            raise Fault(f"the remote `{name}` is cloud-versioned, which a registry cannot use", hint)
        fs = kind(**settings)
        if fs.protocol == "ssh":  # a server that is gone without a word is noticed in a minute
            fs.fs_args.setdefault("keepalive_interval", _KEEPALIVE)
    except (ImportError, RemoteMissingDepsError) as error:
        hint = "install that part of DVC beside studbook, such as dvc-s3 or dvc-ssh"
        raise Fault(f"the remote `{name}` cannot be used: {error}", hint) from error
    except (ConfigError, ValueError) as error:
        raise Fault(f"the remote `{name}` cannot be used: {error}", "see `dvc config --list --show-origin`") from error
    objects: Objects = DvcRemote(name, path, fs, **settings).odb
    return objects
