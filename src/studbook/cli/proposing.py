"""What the commands that propose a change share: their options, and what happens once the commit is made."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from studbook.authoring import stages
from studbook.authoring.proposal import Edit, Manner, Proposal, propose, start
from studbook.authoring.stages import Ground
from studbook.cli.main import Settings, show, width
from studbook.convention import names
from studbook.diagnostic import Fault
from studbook.git import Repository, writing

F = TypeVar("F", bound=Callable[..., object])


class Options(NamedTuple):
    """The options that every proposing command takes."""

    push: bool
    pr: bool
    here: bool
    dry_run: bool
    base: str | None
    branch: str | None

    @property
    def sends(self) -> bool:
        return (self.push or self.pr) and not self.dry_run

    @property
    def manner(self) -> Manner:
        return Manner(self.base, self.branch, self.here, self.dry_run)


_OPTIONS = (
    click.option("--push", is_flag=True, help="Push the new branch."),
    click.option("--pr", is_flag=True, help="Push it and open a pull request."),
    click.option("--here", is_flag=True, help="Commit on the current branch instead of a new one."),
    click.option("--dry-run", is_flag=True, help="Show the change and the verdict, and keep nothing."),
    click.option("--base", metavar="BRANCH", help="Start from BRANCH instead of the default branch."),
    click.option("--branch", metavar="NAME", help="Name the new branch."),
)


def proposing(function: F) -> F:
    """Add the common options to a command; it gets them as keywords."""
    return reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), function)


def run(
    settings: Settings,
    options: dict[str, object],
    edit_of: Callable[[Ground], Edit],
    deliver: Callable[[], None] | None = None,
) -> int:
    """Make the edit on the ground that it starts from, propose it, and tell what came of it.

    `deliver` sends what the branch will name, and is called before the branch can be seen by others.
    """
    chosen = Options(**options)  # type: ignore[arg-type]  # click has checked them
    if chosen.here and (chosen.push or chosen.pr):
        raise click.UsageError("--here commits on the current branch; push it yourself")
    with Repository(Path(settings.directory), settings.registry) as repo:
        _, tip = start(repo, chosen.manner)
        edit = edit_of(stages.ground(repo, tip))
        if deliver and chosen.sends and propose(repo, edit, chosen.manner._replace(dry_run=True)).report.ok:
            deliver()
            deliver = None
        proposal = propose(repo, edit, chosen.manner)
        return _finish(settings, repo, proposal, chosen, deliver)


def version_of(ground: Ground, reference: str) -> tuple[str, str]:
    """Model and version of MODEL@VERSION or MODEL@STAGE."""
    model, _, what = reference.partition("@")
    if not what:
        raise Fault(f"`{reference}` names no version", "write MODEL@VERSION or MODEL@STAGE, such as churn@1.2.0")
    if names.is_version(what):
        return model, what
    if what == "latest":
        raise Fault("`latest` is for reading only", f"name the version: studbook show {reference}")
    if (holder := ground.snapshot.holder(model, what)) is None:
        raise Fault(f"no version of {model} holds {what}", f"studbook show {model}, or name a version: {model}@1.2.0")
    return model, holder


def _finish(
    settings: Settings, repo: Repository, proposal: Proposal, options: Options, deliver: Callable[[], None] | None
) -> int:
    from studbook.render.text import render

    if options.dry_run and not settings.quiet:
        click.echo(proposal.diff, nl=False)
    if (options.dry_run or proposal.report.diagnostics) and not settings.quiet:
        show(render(proposal.report, width()))
    if not proposal.report.ok:
        if not settings.quiet:
            click.echo(f"nothing was kept: {proposal.edit.title} is not legal")
        return 1
    if options.dry_run:
        return 0
    _tell(settings, repo, proposal, options, deliver)
    return 0


def _tell(
    settings: Settings, repo: Repository, proposal: Proposal, options: Options, deliver: Callable[[], None] | None
) -> None:
    where = f"on the new branch {proposal.branch}" if proposal.branch else "on the current branch"
    if not settings.quiet:
        click.echo(f"{proposal.edit.title}: commit {proposal.commit[:10]} {where}, which grows from {proposal.base}")
    if proposal.branch is None:
        return
    asked = not (options.push or options.pr) and sys.stdin.isatty() and sys.stdout.isatty() and not settings.quiet
    wanted = asked and click.confirm("Push and open a pull request?", default=True)
    if options.push or options.pr or wanted:
        if deliver:
            deliver()
        url = writing.push(repo, proposal.branch)
        click.echo(f"pushed {proposal.branch}")
        if options.pr or wanted:
            _open_pull_request(repo, proposal, url)
    elif not settings.quiet:
        bytes_first = f"git switch {proposal.branch}, dvc push, " if deliver else ""
        click.echo(f"  next: {bytes_first}git push -u origin {proposal.branch}, and open a pull request")


def _open_pull_request(repo: Repository, proposal: Proposal, url: str) -> None:
    """Through gh where it is installed; otherwise say which page to open."""
    if shutil.which("gh"):
        edit = proposal.edit
        command = ["gh", "pr", "create", "--base", proposal.base, "--head", str(proposal.branch)]
        done = subprocess.run([*command, "--title", edit.title, "--body", edit.body], cwd=repo.git.directory)
        if done.returncode == 0:
            return
    page = pull_request_page(url, proposal.base, str(proposal.branch))
    click.echo(f"open a pull request: {page}" if page else "open a pull request from it where the repository is hosted")


def pull_request_page(url: str, base: str, branch: str) -> str | None:
    """The page of a hosting service on which a pull request from `branch` begins; None where the URL is a local path."""
    found = re.fullmatch(r"(?:https?://|ssh://)?(?:[^@/]*@)?([^/:]+)(?::\d+)?[:/](.+?)(?:\.git)?/?", url)
    if found is None or url.startswith((".", "/", "file:")):
        return None
    host, path = found.groups()
    if "gitlab" in host:
        return f"https://{host}/{path}/-/merge_requests/new?merge_request[source_branch]={branch}&merge_request[target_branch]={base}"
    return f"https://{host}/{path}/compare/{base}...{branch}?expand=1"
