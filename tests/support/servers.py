"""Real servers on loopback: SeaweedFS as S3, and OpenSSH. They are started by their own programs, and ended by their ids."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

KEY, SECRET, BUCKET = "studbook-key", "studbook-secret", "models"


def need(module: str, program: str) -> None:
    """Skip where a remote cannot be tried; fail there with STUDBOOK_TEST_REMOTES=1, so that CI cannot skip unseen."""
    missing = [] if find_spec(module) else [f"dvc-{module.removeprefix('dvc_')}: pip install '.[remotes]'"]
    missing += [] if find(program) else [f"{program}: see .ci/run"]
    if missing:
        (pytest.fail if os.environ.get("STUDBOOK_TEST_REMOTES") else pytest.skip)(f"not installed: {'; '.join(missing)}")


def find(program: str) -> str | None:
    """Beside this very Python first: the virtual environment need not be activated."""
    return shutil.which(program, path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}:/usr/sbin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(answers: Callable[[], bool], what: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not answers():
        assert time.monotonic() < until, f"{what} did not come up"
        time.sleep(0.1)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def children(process: int) -> list[int]:
    """A process's descendants."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1]) == process:
                found += [int(entry.name), *children(int(entry.name))]
    return found


class Server:
    """One program that is started, killed and started again."""

    def __init__(self, command: list[str], port: int, log: Path) -> None:
        self.command = command
        self.port = port
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: listens(self.port), f"{self.command[:2]}, see {self._log}")

    def kill(self) -> None:
        """At once, with the processes that serve its connections."""
        if self._process is None:
            return
        for pid in [self._process.pid, *children(self._process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


class Weed:
    """SeaweedFS: a master, two volume servers, a filer, and the S3 gateway."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ports = {name: (free_port(), free_port()) for name in ("master", "volume1", "volume2", "filer", "s3")}
        master = f"127.0.0.1:{ports['master'][0]}.{ports['master'][1]}"
        filer = f"127.0.0.1:{ports['filer'][0]}.{ports['filer'][1]}"
        options = {
            "master": ["-mdir", self._made("master"), "-volumeSizeLimitMB=64"],
            "volume1": ["-dir", self._made("volume1"), f"-mserver={master}", "-max=50"],
            "volume2": ["-dir", self._made("volume2"), f"-mserver={master}", "-max=50"],
            "filer": ["-defaultStoreDir", self._made("filer"), f"-master={master}"],
            "s3": [f"-filer={filer}", f"-config={self._keys()}", "-port.iceberg=0", "-port.lance=0"],  # fixed ports
        }
        self.servers = {name: self._server(name, *ports[name], more) for name, more in options.items()}
        self.endpoint = f"http://127.0.0.1:{ports['s3'][0]}"

    def _made(self, name: str) -> str:
        (self._folder / name).mkdir(parents=True)
        return str(self._folder / name)

    def _keys(self) -> Path:
        keys = self._folder / "s3.json"
        credentials = [{"accessKey": KEY, "secretKey": SECRET}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        keys.write_text(json.dumps({"identities": [{"name": "ci", "credentials": credentials, "actions": actions}]}))
        return keys

    def _server(self, name: str, port: int, grpc: int, more: list[str]) -> Server:
        kind = name.rstrip("12")
        address = ["-ip=127.0.0.1"] if kind != "s3" else []
        where = [*address, "-ip.bind=127.0.0.1", f"-port={port}", f"-port.grpc={grpc}"]
        return Server([str(find("weed")), "-logtostderr", kind, *where, *more], port, self._folder / f"{name}.log")

    def start(self) -> None:
        for server in self.servers.values():
            server.start()
        wait_for(self._has_bucket, "the bucket")

    def _has_bucket(self) -> bool:
        """Made, and a first object written: volumes are there."""
        import s3fs

        fs = s3fs.S3FileSystem(key=KEY, secret=SECRET, endpoint_url=self.endpoint, skip_instance_cache=True)
        try:
            if not fs.exists(BUCKET):
                fs.mkdir(BUCKET)
            fs.pipe_file(f"{BUCKET}/probe", b"x" * 100_000)
            return bool(fs.cat_file(f"{BUCKET}/probe"))
        except Exception:  # not yet
            return False

    def config(self, secret: str = SECRET) -> str:
        return (
            f"[core]\nremote = storage\n['remote \"storage\"']\nurl = s3://{BUCKET}/registry\n"
            f"endpointurl = {self.endpoint}\naccess_key_id = {KEY}\nsecret_access_key = {secret}\n"
        )

    def stop(self) -> None:
        for server in reversed(self.servers.values()):
            server.kill()

    def lose_volumes(self) -> None:
        for name in ("volume1", "volume2"):
            self.servers[name].kill()

    def return_volumes(self) -> None:
        for name in ("volume1", "volume2"):
            self.servers[name].start()


class Sshd:
    """OpenSSH with keys of its own, which serves files and nothing else."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.store = folder / "store"
        self.store.mkdir()
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        shutil.copy(folder / "user.pub", folder / "authorized")
        self._port = free_port()
        (folder / "config").write_text(self._settings())
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # sshd wants it, Debian makes it when the service starts
        command = [str(find("sshd")), "-D", "-e", "-f", str(folder / "config")]
        self.server = Server(command, self._port, folder / "log")

    def _settings(self) -> str:
        return (
            f"ListenAddress 127.0.0.1\nPort {self._port}\nHostKey {self._folder}/host\nPidFile none\nStrictModes no\n"
            f"AuthorizedKeysFile {self._folder}/authorized\nPasswordAuthentication no\nUsePAM no\n"
            "PermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n"
        )

    def config(self, key: str = "user") -> str:
        return (
            f"[core]\nremote = storage\n['remote \"storage\"']\nurl = ssh://127.0.0.1:{self._port}{self.store}\n"
            f"user = {getpass.getuser()}\nkeyfile = {self._folder}/{key}\n"
        )
