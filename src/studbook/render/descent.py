"""`lineage` as a tree, as Graphviz DOT, as Mermaid, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from studbook.engine import printable
from studbook.reading.descent import Edge, Graph, Node, Use
from studbook.render.tables import Table

_SHAPES = {"version": "box", "code": "note", "data": "cylinder", "origin": "ellipse"}
_BRACKETS = {"version": ("[", "]"), "code": ("[/", "/]"), "data": ("[(", ")]"), "origin": ("([", "])")}
_SHORT = 12


def tree(graph: Graph, *, downstream: bool) -> str:
    """Lines of text, the root first; what was told before is not told again."""
    below: dict[str, list[tuple[str, str]]] = {}
    for edge in graph.edges:
        near, far = (edge.parent, edge.child) if downstream else (edge.child, edge.parent)
        below.setdefault(near, []).append((far, edge.how))
    return "".join(f"{printable(line)}\n" for line in _lines(graph, below))


def _lines(graph: Graph, below: Mapping[str, list[tuple[str, str]]]) -> Iterator[str]:
    told: set[str] = set()
    waiting = [(graph.root, "", "")]
    while waiting:
        name, start, how = waiting.pop()
        next_ones = below.get(name, [])
        again = " (see above)" if name in told and next_ones else ""
        yield start + _label(graph.nodes[name], how) + again
        inset = start.replace("├── ", "│   ").replace("└── ", "    ")
        for at, (other, relation) in enumerate(reversed([] if again else next_ones)):
            waiting.append((other, inset + ("├── " if at else "└── "), relation))
        told.add(name)


def _label(node: Node, how: str) -> str:
    note = node.note[:_SHORT] if node.kind == "data" else node.note
    return f"{f'{how}: ' if how else ''}{node.label}" + (f" ({note})" if note else "")


def dot(graph: Graph) -> str:
    """Arrows point from what was there to what was made of it."""
    nodes = [
        f"  {_quoted(n.id)} [label={_quoted(_label(n, ''))}, shape={_SHAPES[n.kind]}];" for n in graph.nodes.values()
    ]
    edges = [f"  {_quoted(e.parent)} -> {_quoted(e.child)} [label={_quoted(e.how)}];" for e in graph.edges]
    return "\n".join(["digraph lineage {", "  rankdir=LR;", *nodes, *edges, "}", ""])


def _quoted(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def mermaid(graph: Graph) -> str:
    numbers = {name: f"n{at}" for at, name in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for name, node in graph.nodes.items():
        left, right = _BRACKETS[node.kind]
        lines.append(f'  {numbers[name]}{left}"{_escaped(_label(node, ""))}"{right}')
    lines += [f'  {numbers[e.parent]} -->|"{_escaped(e.how)}"| {numbers[e.child]}' for e in graph.edges]
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    """Mermaid reads HTML entities, written with # instead of &."""
    codes = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;"}
    return "".join(codes.get(character, character) for character in printable(text))


def record(graph: Graph) -> dict[str, object]:
    return {
        "root": graph.root,
        "nodes": [{"id": n.id, "kind": n.kind, "label": n.label, "note": n.note} for n in graph.nodes.values()],
        "edges": [_edge(edge) for edge in graph.edges],
    }


def _edge(edge: Edge) -> dict[str, str]:
    return {"from": edge.parent, "to": edge.child, "how": edge.how}


def uses_table(uses: Sequence[Use]) -> Table:
    rows = [
        [use.version.reference, use.data, f"through {use.through}" if use.through else use.role or "data", _stages(use)]
        for use in uses
    ]
    return Table(rows, ("version", "data", "as", "stages"))


def _stages(use: Use) -> str:
    return "archived" if use.version.is_archived else ", ".join(use.version.stages) or "-"


def use_record(use: Use) -> dict[str, object]:
    return {
        "model": use.version.model,
        "version": use.version.version,
        "data": use.data,
        "role": use.role or None,
        "through": use.through or None,
        "stages": list(use.version.stages),
        "archived": use.version.is_archived,
    }
