"""studbook init"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.main import Settings

if TYPE_CHECKING:
    from studbook.authoring.layout import Outcome, Wish


@click.command("init")
@click.option(
    "--approver",
    "approvers",
    metavar="OWNER",
    multiple=True,
    help="Who approves: @org/team, @login or an e-mail address. Repeatable.",
)
@click.option("--no-dvc", is_flag=True, help="Leave DVC alone.")
@click.option("--no-workflow", is_flag=True, help="Write no GitHub workflows.")
@click.pass_obj
def command(settings: Settings, approvers: tuple[str, ...], no_dvc: bool, no_workflow: bool) -> int:
    """Lay out a registry in this Git repository.

    Writes a policy to start from, an ignore file that keeps artifacts out of Git, the workflows that judge pull
    requests, and schemas for your editor; sets DVC up. What exists is kept as it is, so you can run it again. Commits
    nothing.

    \b
    Examples:
      studbook init --approver @acme/ml-platform
      studbook init --no-workflow         where the code is not on GitHub
    """
    from studbook.authoring.layout import Wish, lay_out

    wish = Wish(settings.registry, _owners(approvers), dvc=not no_dvc, workflow=not no_workflow)
    outcome = lay_out(Path(settings.directory), wish)
    if not settings.quiet:
        _say_what_was_done(outcome)
        _say_what_is_next(outcome, wish)
    return 0


def _owners(approvers: tuple[str, ...]) -> tuple[str, ...]:
    from studbook.convention.names import OWNER

    for approver in approvers:
        if not re.fullmatch(OWNER, approver, re.ASCII):
            raise click.UsageError(f"--approver {approver}: write @org/team, @login or an e-mail address")
    return tuple(dict.fromkeys(approvers))


def _say_what_was_done(outcome: Outcome) -> None:
    for done in outcome.files:
        note = f"  ({done.note})" if done.note else ""
        click.echo(f"{done.action:<9}{done.path}{note}")
    if outcome.by_hand:
        click.echo("\n.vscode/settings.json is not plain JSON and was left alone. Add this to it:")
        click.echo(outcome.by_hand, nl=False)


def _say_what_is_next(outcome: Outcome, wish: Wish) -> None:
    roots = dict.fromkeys(done.path.split("/")[0] for done in outcome.files if done.action != "kept")
    click.echo("\nNext")
    named = "" if wish.approvers else ", and who approves"
    click.echo(f"  - read {wish.registry}/registry.yaml: which stages you have, what each asks for{named}")
    if wish.dvc:
        click.echo("  - tell DVC where artifacts go: dvc remote add --default storage s3://BUCKET/PATH")
    if roots:
        click.echo(f"  - commit it: git add {' '.join(roots)} && git commit -m 'Begin a model registry'")
    click.echo(_PROTECTION.format(branch=outcome.branch, check=_CHECK if wish.workflow else _OWN_CHECK))


_CHECK = """\
require the check `registry`, as a required workflow if your plan has them (Rulesets, require workflows):
      a pull request runs its own copy of a workflow"""
_OWN_CHECK = """\
require a check that runs `studbook validate --base TARGET --head SOURCE`, with a studbook that does
      not come from the pull request"""
_PROTECTION = """\
  - push, and protect the branch {branch}:
    - a merge queue, or branches up to date before merging: a verdict holds for one base
    - merge commits or squash commits; no rebase merges, which write a branch's detours into history
    - {check}
    - review from code owners
    - no bypass, not for administrators either
    - no force pushes and no deletion: the history is the audit trail"""
