"""An MLflow tracking server, or a local store, as far as `register` asks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from studbook.diagnostic import Fault


class Info(Protocol):
    run_id: str
    experiment_id: str
    status: str


class Data(Protocol):
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]


class Run(Protocol):
    info: Info
    data: Data
    inputs: object
    outputs: object


class Logged(Protocol):
    """A model as MLflow 3 keeps it: apart from its run's artifacts."""

    name: str
    artifact_location: str


class File(Protocol):
    path: str
    is_dir: bool


class Client(Protocol):
    def get_run(self, run_id: str) -> Run: ...
    def get_logged_model(self, model_id: str) -> Logged: ...
    def list_artifacts(self, run_id: str, path: str | None = None) -> Sequence[File]: ...


@contextmanager
def _complaints() -> Iterator[None]:
    """MLflow's exceptions, and those of the stores below it, as faults."""
    try:
        yield
    except Fault:
        raise
    except Exception as error:  # every store has exceptions of its own
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        hint = "check the run's id, and where MLflow keeps it: --tracking-uri URI, or MLFLOW_TRACKING_URI"
        if "unsupported URI" in said:
            hint = "a database on this machine needs all of MLflow: pip install mlflow"
        raise Fault(f"MLflow says: {said}", hint) from error


class Server:
    """MLflow, with its errors as faults."""

    def __init__(self, run_id: str, tracking_uri: str | None, scratch: Path) -> None:
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise Fault("MLflow is not installed here", "pip install 'studbook[mlflow]'") from error
        self._tracking_uri = tracking_uri
        self._scratch = scratch
        with _complaints():
            self.client: Client = MlflowClient(tracking_uri=tracking_uri)
            self.run = self.client.get_run(run_id)

    def download(self, uri: str) -> Path:
        """A file or folder of artifacts, into the scratch folder."""
        folder = self._scratch / f"mlflow-{len(list(self._scratch.iterdir()))}"
        folder.mkdir()
        with _complaints():
            from mlflow.artifacts import download_artifacts

            return Path(download_artifacts(artifact_uri=uri, dst_path=str(folder), tracking_uri=self._tracking_uri))

    def list(self, path: str | None) -> Sequence[File]:
        with _complaints():
            return self.client.list_artifacts(self.run.info.run_id, path)

    def logged(self, model_id: str) -> Logged:
        with _complaints():
            return self.client.get_logged_model(model_id)
