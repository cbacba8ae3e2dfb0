"""studbook register"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from studbook import storage
from studbook.authoring import codebase, environment, registering
from studbook.authoring.codebase import Home
from studbook.authoring.proposal import Edit
from studbook.authoring.registering import Made, Shelf, Source
from studbook.authoring.stages import Ground
from studbook.cli.completion import complete_model
from studbook.cli.describing import Given, candidates, described
from studbook.cli.main import Settings, console
from studbook.cli.proposing import F, proposing, run
from studbook.diagnostic import Fault
from studbook.git import Repository

_OPTIONS = (
    click.option("--bump", type=click.Choice(["major", "minor", "patch"]), help="Take the next version."),
    click.option("--params", metavar="FILE", help="JSON or YAML: the hyperparameters."),
    click.option("--metrics", metavar="FILE", help="JSON or YAML: names and numbers, nesting allowed."),
    click.option("--data", metavar="KEY=VALUE,…", multiple=True, help="A dataset: name=, role=, uri=, md5=, version=, or file= to hash."),
    click.option("--parent", metavar="REF[:RELATION]", multiple=True, help="A version that this was made from, such as base@2.0.0:finetune."),
    click.option("--code-repo", metavar="DIR", help="The training code's Git repository.  [default: that of the current directory]"),
    click.option("--code-path", metavar="FILE", help="The script in it that made this."),
    click.option("--code-command", metavar="TEXT", help="The command that made this."),
    click.option("--origin", metavar="KEY=VALUE,…", help="Made elsewhere: uri=, version=, note=. No code is recorded."),
    click.option("--description", metavar="TEXT", help="What is new, in one sentence."),
    click.option("--license", metavar="SPDX", help="An SPDX expression, such as Apache-2.0."),
    click.option("--format", metavar="NAME", help="Such as onnx.  [default: told from the file's name]"),
    click.option("--run", metavar="KEY=VALUE,…", help="The experiment tracker's run: tracker=, id=, uri=."),
    click.option("--signature", metavar="FILE", help="JSON or YAML: inputs and outputs, in MLflow's schema."),
    click.option("--metadata", metavar="FILE", help="JSON or YAML: your registry's own fields."),
    click.option("--from-dvc", metavar="REPO", help="Take all of it from a DVC pipeline: the folder of its dvc.yaml."),
    click.option("--pipeline-stage", metavar="NAME", help="Its stage.  [default: the last one that makes an output]"),
    click.option("--from-mlflow", metavar="RUN_ID", help="Take all of it from an MLflow run."),
    click.option("--tracking-uri", metavar="URI", envvar="MLFLOW_TRACKING_URI", help="Where MLflow keeps it.  [env: MLFLOW_TRACKING_URI]"),
    click.option("--allow-dirty", is_flag=True, help="Record code that is not committed or pushed, and note that in the metadata."),
)  # fmt: skip
_MLFLOW = {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
"""Its own switches: one bar is enough, and a server that is not there is not asked for minutes."""


def _options(function: F) -> F:
    return reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), function)


@click.command("register")
@click.argument("reference", metavar="MODEL[@VERSION]", shell_complete=complete_model)
@click.argument("artifacts", metavar="[ARTIFACT]...", nargs=-1, type=click.Path())
@_options
@proposing
@click.pass_obj
def command(settings: Settings, /, reference: str, artifacts: tuple[str, ...], **options: object) -> int:
    """Propose a new version: its artifacts go to DVC, its manifest and their pointers into a commit on a new branch.

    Bytes are hashed once and kept in DVC's cache; with --push or --pr they are in the remote before the branch is there. The
    training code's commit, Python, lockfile and packages are recorded from where you stand, so the code must be committed and
    pushed. With --from-dvc and --from-mlflow, ARTIFACT is the name of an output, and may be left away where there is one.

    \b
    Examples:
      studbook register churn@1.2.0 model.onnx --params params.yaml --metrics metrics.json \\
          --data name=customers,role=train,file=customers.parquet --parent base-encoder@2.0.0:finetune
      studbook register churn --bump minor --from-dvc ../churn --pipeline-stage train --pr
      studbook register churn --bump patch --from-mlflow 0a1b2c3d4e5f --push
      studbook register base@1.0.0 base.safetensors --origin uri=https://huggingface.co/acme/base,version=1a2b3c
    """
    given = Given(**{name: options.pop(name) for name in Given._fields})  # type: ignore[arg-type]  # click has checked them
    _check(given, artifacts)
    with TemporaryDirectory(prefix="studbook-") as scratch:
        work = _Registration(settings, reference, artifacts, given, Path(scratch))
        work.keeps = not options["dry_run"]
        work.sends = bool(options["push"] or options["pr"])
        work.branches = not (options["here"] or options["dry_run"] or options["branch"])
        return run(settings, options, work.edit, work.deliver)


def _check(given: Given, artifacts: tuple[str, ...]) -> None:
    if given.from_dvc and given.from_mlflow:
        raise click.UsageError("--from-dvc and --from-mlflow are two sources; give one")
    if given.pipeline_stage and not given.from_dvc:
        raise click.UsageError("--pipeline-stage goes with --from-dvc REPO")
    if not (artifacts or given.from_dvc or given.from_mlflow):
        raise click.UsageError("name the artifact: studbook register MODEL@VERSION FILE, or --from-dvc, --from-mlflow")


class _Registration:
    """One run of the command: the edit, and what must reach the remote before others see it."""

    keeps = True
    """Whether bytes go to the cache: not in a dry run."""
    sends = False
    branches = False
    """Whether it makes a branch of the usual name."""

    def __init__(
        self, settings: Settings, reference: str, artifacts: tuple[str, ...], given: Given, scratch: Path
    ) -> None:
        self._settings = settings
        self._directory = Path(settings.directory)
        self._model, _, version = reference.partition("@")
        self._version = version or None
        self._artifacts = artifacts
        self._given = given
        self._scratch = scratch
        self._shelf: Shelf | None = None
        self._made: list[Made] = []

    def edit(self, at: Ground) -> Edit:
        if self._version and self._given.bump:
            raise click.UsageError("give a version or --bump, not both")
        version = registering.choose(at, self._model, self._version, self._given.bump)
        if self.branches:
            registering.check_branch(at, registering.branch_of(self._model, version))
        shelf = self._shelf = registering.shelf(at)
        if self.sends:
            storage.open_remote(shelf.config)  # nothing is read for a remote that is not configured
        source = self._source(at)
        registering.check_names(source.artifacts)
        with self._bar(f"{self._model} {version}", sum(c.size for c in source.artifacts)) as progress:
            keep = shelf.cache if self.keeps else None
            self._made = [registering.read(c, keep, progress, self._given.format) for c in source.artifacts]
        for note in source.notes if not self._settings.quiet else ():
            click.echo(f"note: {note}", err=True)
        return registering.register(at, self._model, version, self._made, source)

    def deliver(self) -> None:
        """Send the bytes."""
        if self._shelf is None:
            return
        with self._bar("uploading", sum(made.described.size for made in self._made)) as progress:
            remote = self._shelf.push(self._made, progress)
        if not self._settings.quiet:
            click.echo(f"the bytes of {', '.join(made.name for made in self._made)} are in {remote}")

    def _source(self, at: Ground) -> Source:
        given, typed = self._given, described(self._given, at, self._directory)
        if given.from_dvc is not None:
            from studbook.authoring import from_dvc

            folder = Path(self._directory, given.from_dvc)
            wanted = from_dvc.Wanted(folder, given.pipeline_stage, self._artifacts, given.allow_dirty)
            return from_dvc.read(wanted, Home(at.repo, at.tip), self._scratch).under(typed)
        if given.from_mlflow is not None:
            from studbook.authoring import from_mlflow

            for switch, value in _MLFLOW.items():
                os.environ.setdefault(switch, value)
            run = from_mlflow.Wanted(
                given.from_mlflow, given.tracking_uri, self._artifacts, given.origin is None, given.allow_dirty
            )
            with self._code() as code:
                return from_mlflow.read(run, code, Home(at.repo, at.tip), self._scratch).under(typed)
        named = typed._replace(artifacts=candidates(self._artifacts, self._directory))
        if given.origin is not None and not (given.code_repo or given.code_path or given.code_command):
            return named
        return self._trained(at).under(named)

    def _trained(self, at: Ground) -> Source:
        """Code and environment of where the user stands."""
        given, outputs = self._given, [Path(self._directory, name) for name in self._artifacts]
        outputs += [Path(self._directory, name) for name in (given.metrics, given.signature, given.metadata) if name]
        with self._code() as code:
            if code is None:
                hint = "run it in the training code's repository, name that with --code-repo DIR, or say --origin uri=…"
                raise Fault("the training code is unknown: this is not a Git repository", hint)
            home = Home(at.repo, at.tip)
            at_commit = codebase.look(code, home, code.resolve("HEAD"), outputs, allow_dirty=given.allow_dirty)
            path = (
                codebase.path_at(code, at_commit.commit, given.code_path, self._code_folder)
                if given.code_path
                else None
            )
            row = {
                "repository": at_commit.repository,
                "commit": at_commit.commit,
                "path": path,
                "command": given.code_command,
            }
            lineage: dict[str, object] = {"code": {key: value for key, value in row.items() if value}}
            lineage["environment"] = environment.of_folder(code.top or self._code_folder, _python(code.top))
            return Source(content={"metadata": at_commit.state} if at_commit.state else {}, lineage=lineage)

    @property
    def _code_folder(self) -> Path:
        return Path(self._directory, self._given.code_repo) if self._given.code_repo else Path.cwd()

    @contextmanager
    def _code(self) -> Iterator[Repository | None]:
        """The training code's repository; None where the current directory is in none."""
        try:
            repo = Repository(self._code_folder)
        except Fault:
            if self._given.code_repo:
                raise
            yield None
            return
        with repo:
            yield repo

    @contextmanager
    def _bar(self, title: str, total: int) -> Iterator[Callable[[int], None] | None]:
        """A progress bar in bytes, where somebody watches."""
        if self._settings.quiet or not sys.stderr.isatty():
            yield None
            return
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda count: bar.advance(task, count)


def _python(top: Path | None) -> Path:
    """The interpreter that training used, most likely: that of the active environment, of the code's own, or this one."""
    active = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    for folder in (active, top and top / ".venv", top and top / "venv"):
        for name in ("bin/python", "Scripts/python.exe", "python.exe"):
            if folder and Path(folder, name).is_file():
                return Path(folder, name)
    return Path(sys.executable)
