"""studbook validate"""

from __future__ import annotations

import sys

import click

from studbook.cli.main import Settings, show, width, write_file
from studbook.diagnostic import Report

_FORMATS = ("text", "json", "github")


@click.command("validate")
@click.argument("revisions", metavar="[BASE..HEAD]", required=False)
@click.option("--base", metavar="REF", help="The branch that would receive the change.")
@click.option("--head", metavar="REF", help="What is to be merged into it.  [default: HEAD]")
@click.option("--all", "everything", is_flag=True, help="Look at every file, not only at what changed.")
@click.option(
    "--artifacts",
    type=click.Choice(["pointers", "remote", "verify"]),
    help="How artifacts are checked; can only strengthen what registry.yaml says.",
)
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--output", metavar="FILE", help="Write the report to FILE.")
@click.pass_obj
def command(
    settings: Settings,
    revisions: str | None,
    base: str | None,
    head: str | None,
    everything: bool,
    artifacts: str | None,
    form: str,
    as_json: bool,
    output: str | None,
) -> int:
    """Judge a change of the registry.

    Without --base: your working tree, as `git add -A` would stage it, against HEAD. With --base: HEAD (or --head) merged
    into it, which is what a pull request's check asks.

    \b
    Examples:
      studbook validate                       what you are about to commit
      studbook validate --base origin/main    your branch, merged
      studbook validate main..topic --json
    """
    from studbook.validate import validate

    base, head = _revisions(revisions, base, head)
    report = validate(
        settings.directory,
        base=base,
        head=head,
        registry=settings.registry,
        everything=everything,
        artifacts=artifacts or "pointers",
    )
    if output is not None or not settings.quiet:
        _write(report, "json" if as_json else form, output)
    return 0 if report.ok else 1


def _revisions(revisions: str | None, base: str | None, head: str | None) -> tuple[str | None, str | None]:
    given = revisions or (base if base and ".." in base else None)
    if given is not None:
        if head is not None or (revisions and base):
            raise click.UsageError("give the revisions once: BASE..HEAD, or --base and --head")
        base, _, head = given.partition("..")
        if head.startswith("."):
            raise click.UsageError("give two revisions as BASE..HEAD, with two dots")
    if head and not base:
        raise click.UsageError("--head needs --base: what is it merged into?")
    return (base or "HEAD", head or "HEAD") if given else (base, head)


def _write(report: Report, form: str, output: str | None) -> None:
    if form == "json":
        from studbook.render.json import render

        text = render(report)
    elif form == "github":
        from studbook.render.github import render as render_github

        text = render_github(report)
    else:
        from studbook.render.text import render as render_text

        show(render_text(report, width(plain=output is not None)), output)
        return
    if output is None:
        sys.stdout.write(text)
    else:
        write_file(output, text)
