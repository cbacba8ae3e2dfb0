"""Gates: CEL expressions, compiled and type-checked, and evaluated on plain values.

CEL (cel.dev) is total and does no I/O; the runtime refuses work beyond its iteration budget. The runtime takes timestamps
and durations only at the top level, so nested ones are rebuilt by a CEL literal around the expression (see `_literal`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from cel_expr_python import cel

Data: TypeAlias = object
"""None, bool, int, float, str, datetime, timedelta, or lists and str-keyed dicts of these."""

MAX_LENGTH = 10_000
_OBJECTS = ("candidate", "incumbent", "model")
_LOCATED = re.compile(r"ERROR: [^:]*:(\d+):(\d+): (.*)")
_NOISE = re.compile(r" \(in container ''\)| \[INVALID_ARGUMENT\]$")
_PATH = re.compile(r"\b(?:candidate|incumbent|model)(?:\??\.[A-Za-z_]\w*+(?!\s*\()|\[\s*(?:\"[^\"]*\"|'[^']*')\s*\])+")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[\s*[\"']([^\"']*)[\"']\s*\]")


ANY = "*"
_DATA = dict.fromkeys(("name", "role", "uri", "md5", "sha256", "version", "size"))
_RUN = dict.fromkeys(("tracker", "id", "uri"))
_EVALUATION = {
    **dict.fromkeys(("convention", "model", "version", "created", "metrics", "notes")), "data": _DATA, "run": _RUN
}  # fmt: skip
_LINEAGE = {
    "code": dict.fromkeys(("repository", "commit", "path", "command")), "origin": dict.fromkeys(("uri", "version", "note")),
    "data": None, "parents": None, "environment": dict.fromkeys(("python", "lockfile", "image", "packages")), "run": _RUN,
}  # fmt: skip
_VERSION = {
    **dict.fromkeys(("convention", "model", "version", "created", "description", "artifacts", "params", "metrics")),
    "lineage": _LINEAGE, "runtime": dict.fromkeys(("name", "version")),
    "signature": dict.fromkeys(("inputs", "outputs", "params")), "license": None, "metadata": None,
    "evaluations": {ANY: _EVALUATION}, "card": None, "stages": {ANY: dict.fromkeys(("holds", "soaked"))},
}  # fmt: skip
_MODEL = {
    **dict.fromkeys(("description", "owners", "task", "license", "tags", "gates")),
    "metrics": {ANY: dict.fromkeys(("better", "unit"))},
}  # fmt: skip
FIELDS: dict[str, dict[str, object]] = {"candidate": _VERSION, "incumbent": _VERSION, "model": _MODEL}
"""What a gate may name; below None anything goes, and ANY stands for the user's own names."""


class Situation(NamedTuple):
    """What a gate sees."""

    candidate: Mapping[str, Data]
    incumbent: Mapping[str, Data] | None
    model: Mapping[str, Data] | None
    stage: str
    reason: str
    now: datetime


class Invalid(NamedTuple):
    """Why an expression does not compile. Line and column count from 1 within the expression."""

    message: str
    line: int = 1
    column: int = 1


class Outcome(NamedTuple):
    """`passed` is None where the gate could not be evaluated; `problem` says why."""

    passed: bool | None
    problem: str = ""


@cache
def check(expression: str) -> Invalid | None:
    """Compile and type-check an expression; None where it is a gate."""
    from cel_expr_python import cel

    if len(expression) > MAX_LENGTH:
        return Invalid(f"the expression has {len(expression):,} characters; {MAX_LENGTH:,} is the limit")
    try:
        compiled = _environment().compile(expression)
    except (RuntimeError, ValueError) as error:
        return _invalid(str(error))
    kind = compiled.return_type()
    if kind not in (cel.Type.BOOL, cel.Type.DYN):
        return Invalid(f"the expression gives {kind}, and a gate must be true or false")
    return _unknown_field(expression)


def _unknown_field(expression: str) -> Invalid | None:
    """A field that no version and no model can have: CEL's own types cannot say so of maps."""
    text = _without_strings(expression)
    for match in _PATH.finditer(text):
        known: object = FIELDS.get(match.group().partition(".")[0].partition("[")[0])
        above = re.match(r"\w+", match.group())
        shown = above.group() if above else ""
        for step in _STEP.finditer(match.group()):
            key = step.group(1) or step.group(2)
            if not isinstance(known, dict):
                break
            if key not in known and ANY not in known:
                line, column = (
                    text.count("\n", 0, match.start()) + 1,
                    match.start() - text.rfind("\n", 0, match.start()),
                )
                return Invalid(f"`{shown}` has no field `{key}`{_instead(key, known)}", line, column)
            known = known.get(key, known.get(ANY))
            shown += f".{key}"
    return None


def _instead(key: str, known: dict[str, object]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, known, 1)
    return f"; did you mean `{close[0]}`?" if close else f": it has {', '.join(known)}"


def evaluate(expression: str, situation: Situation) -> Outcome:
    """Ask a gate. Whatever goes wrong is an outcome, never an exception."""
    from cel_expr_python import cel

    if (invalid := check(expression)) is not None:
        return Outcome(None, f"it does not compile: {invalid.message}")
    slots: dict[str, Data] = {}
    wrapped = f"({expression}\n)"
    for name in _OBJECTS:
        wrapped = f"[dyn({_literal(getattr(situation, name), slots)})].all({name}, {wrapped})"
    slots |= {"stage": situation.stage, "reason": situation.reason, "now": situation.now}
    try:
        value = _environment(len(slots)).compile(wrapped).eval(data=slots)
        kind, plain = value.type(), None if value.type() == cel.Type.ERROR else value.plain_value()
    except (RuntimeError, ValueError, TypeError) as error:
        return Outcome(None, _first_line(str(error)))
    if kind == cel.Type.ERROR:
        return Outcome(None, _first_line(str(value)))
    return Outcome(plain) if isinstance(plain, bool) else Outcome(None, f"it gives {plain!r} instead of true or false")


def figures(expression: str, situation: Situation) -> list[tuple[str, str]]:
    """The values that an expression names, as they were: `candidate.metrics.auc` → `0.948`."""
    found: dict[str, str] = {}
    for match in _PATH.finditer(_without_strings(expression)):
        path = match.group()
        if path not in found and (shown := _show(path, situation)) is not None:
            found[path] = shown
    return list(found.items())


def _without_strings(expression: str) -> str:
    """Comments and string literals cannot name a value; an index such as ["auc"] can. Every place stays where it was."""
    literals = r"""(?<!\[)(?:"[^"\n]*"|'[^'\n]*')(?!\s*\])|//[^\n]*"""
    return re.sub(literals, lambda found: " " * len(found.group()), expression)


def _show(path: str, situation: Situation) -> str | None:
    name = re.match(r"\w+", path)
    value: Data = getattr(situation, name.group()) if name else None
    if value is None:
        return None
    for step in _STEP.finditer(path):
        key = step.group(1) or step.group(2)
        if not isinstance(value, dict) or key not in value:
            return "missing"
        value = value[key]
    return _plain(value)


def _plain(value: Data) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(value)) + "}"
    if isinstance(value, list):
        return f"{len(value)} items"
    return (
        value.isoformat()
        if isinstance(value, datetime)
        else json.dumps(value)
        if isinstance(value, str)
        else str(value)
    )


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0].removesuffix(" [INVALID_ARGUMENT]") if text.strip() else "evaluation failed"


def _invalid(text: str) -> Invalid:
    if located := _LOCATED.search(text):
        return Invalid(_NOISE.sub("", located.group(3)), int(located.group(1)), int(located.group(2)))
    return Invalid(_first_line(text))


@cache
def _environment(slots: int = 0) -> cel.Env:
    """Variables as the author sees them; with `slots`, the plain pieces that the wrapped expression is made of."""
    from cel_expr_python import cel

    kinds = cel.Type
    variables = {"stage": kinds.STRING, "reason": kinds.STRING, "now": kinds.TIMESTAMP}
    if slots:
        variables |= {f"_{number}": kinds.DYN for number in range(slots)}
    else:
        variables |= {"candidate": kinds.Map(kinds.STRING, kinds.DYN), "incumbent": kinds.DYN, "model": kinds.DYN}
    return cel.NewEnv(variables=variables)


def _literal(value: Data, slots: dict[str, Data]) -> str:
    """A CEL expression for a value. Pieces without timestamps and durations become variables in `slots`."""
    if isinstance(value, datetime):
        return f'timestamp("{value.astimezone(UTC).isoformat().replace("+00:00", "Z")}")'
    if isinstance(value, timedelta):
        return f'duration("{int(value.total_seconds())}s")'
    if isinstance(value, Mapping) and _has_time(value):
        return "{" + ", ".join(f"{_text(key)}: dyn({_literal(item, slots)})" for key, item in value.items()) + "}"
    name = f"_{len(slots)}"
    slots[name] = dict(value) if isinstance(value, Mapping) else value
    return name


def _has_time(value: Data) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_time, value.values()))
    return isinstance(value, datetime | timedelta)


def _text(key: str) -> str:
    """A CEL string literal."""
    return json.dumps(key)
