"""What Studbook says: findings, the diagnostics made from them, and the report that holds them.

Three kinds of outcome, never mixed: success is a value; something wrong with the *registry* is a `Diagnostic`, collected
and never raised; something wrong with the *environment* (no repository, no such revision) is a `Fault`, raised, exit 2.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, TypeAlias

Route: TypeAlias = tuple[str | int, ...]
"""Keys and list positions that lead from the top of a file to a value: `("lineage", "parents", 0)`."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Where(NamedTuple):
    """A symbolic place. Line and column are looked up late, and only for what is reported."""

    path: str
    route: Route = ()
    key: bool = False
    """Point at the key itself, not at its value."""
    offset: int | None = None
    """Characters from the start of the file; set where there is no route (the file does not parse)."""


class Finding(NamedTuple):
    """What a rule yields. The engine adds the rule's id and severity, so a rule cannot mislabel itself."""

    where: Where
    message: str
    """What is wrong, in the user's terms."""
    hint: str
    """The exact repair."""


class Span(NamedTuple):
    """A place in a text: line and column count from 1, in code points; width is at least 1."""

    line: int = 1
    column: int = 1
    width: int = 1


class Diagnostic(NamedTuple):
    rule: str
    severity: Severity
    message: str
    path: str
    """From the root of the repository."""
    span: Span
    hint: str
    excerpt: str | None = None
    """The line that the span stands in, for people to look at."""


class Event(NamedTuple):
    """One thing that a change did, as `validate --format json` names it."""

    kind: str
    details: tuple[tuple[str, str | bool | None], ...] = ()

    def get(self, key: str) -> str | bool | None:
        return dict(self.details).get(key)


class Report(NamedTuple):
    base: str
    """The commit that receives the change (the empty tree's id where there is no commit yet)."""
    head: str
    """The commit, or the tree of a working tree, that was judged."""
    changes: tuple[Event, ...]
    diagnostics: tuple[Diagnostic, ...]
    """Ordered by path, line, column, rule."""

    @property
    def errors(self) -> int:
        return sum(d.severity is Severity.ERROR for d in self.diagnostics)

    @property
    def ok(self) -> bool:
        return self.errors == 0


class Fault(Exception):
    """The question could not be asked: usage, no repository, no such revision. Exit status 2."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
