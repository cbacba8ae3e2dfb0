"""studbook lineage"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from studbook.cli.completion import complete_reference
from studbook.cli.main import Settings
from studbook.cli.reading import opened, reading, say, say_json

if TYPE_CHECKING:
    from studbook.reading.descent import Graph
    from studbook.registry import Registry


@click.command("lineage")
@click.argument("reference", metavar="[REF]", required=False, shell_complete=complete_reference)
@click.option("--downstream", is_flag=True, help="What was made from REF, instead of what it was made from.")
@click.option(
    "--data", "identity", metavar="HASH", help="Every version made from this data, and the stages it reaches."
)
@click.option(
    "--format", "form", type=click.Choice(["tree", "dot", "mermaid", "json"]), default="tree", show_default=True
)
@reading
@click.pass_obj
def command(
    settings: Settings,
    reference: str | None,
    downstream: bool,
    identity: str | None,
    form: str,
    as_json: bool,
    at: str | None,
) -> int:
    """What the version REF was made from: code, data, parents and theirs.

    HASH is the md5, sha256 or version of a dataset; a hash may be shortened.

    \b
    Examples:
      studbook lineage churn@production
      studbook lineage base-encoder@2.0.0 --downstream --format dot | dot -Tsvg
      studbook lineage --data 1b2cf535f277
    """
    if (reference is None) == (identity is None):
        raise click.UsageError("give a version REF, or --data HASH")
    form = "json" if as_json else form
    if identity is not None and (downstream or form in ("dot", "mermaid")):
        raise click.UsageError("--data gives a table or --json, and goes downstream by itself")
    with opened(settings, at) as registry:
        if identity is not None:
            _say_uses(settings, registry, identity, form)
        else:
            _say_graph(settings, registry, reference or "", downstream, form)
    return 0


def _say_uses(settings: Settings, registry: Registry, identity: str, form: str) -> None:
    from studbook.reading.descent import Descent
    from studbook.render.descent import use_record, uses_table

    uses = Descent(registry).made_from(identity)
    if form == "json":
        say_json({"commit": registry.commit, "data": identity, "versions": [use_record(use) for use in uses]})
    elif uses:
        say(settings, uses_table(uses))
    elif not settings.quiet:
        click.echo(f"no version was made from data {identity}")


def _say_graph(settings: Settings, registry: Registry, reference: str, downstream: bool, form: str) -> None:
    from studbook.reading.descent import Descent
    from studbook.render import descent as render

    version = registry.resolve(reference)
    descent = Descent(registry)
    graph = descent.below(version) if downstream else descent.above(version)
    if form == "json":
        say_json({"commit": registry.commit, "downstream": downstream, **render.record(graph)})
    elif not settings.quiet:
        click.echo(_drawn(graph, form, downstream), nl=False)


def _drawn(graph: Graph, form: str, downstream: bool) -> str:
    from studbook.render import descent as render

    if form == "tree":
        return render.tree(graph, downstream=downstream)
    return render.dot(graph) if form == "dot" else render.mermaid(graph)
