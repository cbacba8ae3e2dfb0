"""pydantic's errors, said in the user's terms: what is wrong with which key, and what to write instead."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from studbook.convention.base import Fault
from studbook.diagnostic import Route

MAX_FAULTS = 20
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("sha256", "64 lower-case hexadecimal digits"),
    ("md5", "32 lower-case hexadecimal digits"),
    ("commit", "the full commit id: 40 lower-case hexadecimal digits"),
    ("created", "a moment with its zone, such as 2026-11-01T09:30:00Z"),
    ("version", "a SemVer 2.0.0 version without build metadata, such as 1.2.0 or 2.0.0-rc.1"),
    ("model", "a model's name, such as churn or growth/churn"),
    ("ref", "MODEL@VERSION, such as base-encoder@2.0.0"),
    ("owners", "@login, @org/team or an e-mail address"),
    ("approvers", "@login, @org/team or an e-mail address"),
    ("soak", "a number and one of s, m, h, d, such as 24h"),
    ("from", "the name of a stage, or registered, or new"),
    ("path", "one file name of letters, digits, dots, hyphens and underscores"),
    ("metadata_schema", "the name of a .json file beside registry.yaml"),
)


class Source(Protocol):
    """The document that the errors are about."""

    value: Any

    def raw(self, route: Route) -> str: ...


def explain(error: ValidationError, source: Source) -> tuple[Fault, ...]:
    """One fault per place, the most telling one."""
    faults: dict[Route, Fault] = {}
    for details in error.errors(include_url=False, include_context=True):
        if details["type"] == "float_type" and isinstance(details["input"], dict):
            continue  # metrics may nest: what is wrong inside has an error of its own
        fault = _fault(details, source)
        faults.setdefault(fault.route, fault)
        if len(faults) >= MAX_FAULTS:
            break
    return tuple(faults.values())


def _fault(details: ErrorDetails, source: Source) -> Fault:
    route = _route(details["loc"], source.value)
    name = _name(route)
    match details["type"]:
        case "missing":
            missing = str(details["loc"][-1])
            where = f" in {name}" if route else ""
            return Fault(route, f"`{missing}` is missing{where}", f"add `{missing}:`", key=True)
        case "extra_forbidden":
            hint = f"remove {name}, or begin a top-level key of your own with `x-`"
            return Fault(route, f"{name} is not a key that is known here", hint, key=True)
        case "one_of":
            return Fault(route, details["msg"], "add one of them", key=True)
        case _:
            return Fault(route, *_wrong_value(details, route, name, source))


def _wrong_value(details: ErrorDetails, route: Route, name: str, source: Source) -> tuple[str, str]:
    kind, context = details["type"], details.get("ctx", {})
    if kind in _KINDS:
        return _wrong_type(kind, details["input"], route, name, source)
    if kind == "string_pattern_mismatch":
        return f"{name} is `{_cut(details['input'])}`, which is not well formed", f"write {_expected(route)}"
    if kind == "literal_error":
        later = ", or use a later studbook if a later one wrote this" if route == ("convention",) else ""
        return f"{name} is `{_cut(source.raw(route))}`", f"write {context['expected']}{later}"
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"{name} must be {words} {context[key]}", "correct the value"
    if kind == "too_short":
        return f"{name} is empty", "list at least one"
    if kind == "too_long":
        return f"{name} lists more than one", "keep one"
    if kind == "string_too_short":
        return f"{name} is empty", "write something, or remove the key"
    if kind == "string_too_long":
        return f"{name} is too long", f"use at most {context['max_length']} characters"
    return f"{name}: {details['msg']}", "correct the value"


def _wrong_type(kind: str, value: object, route: Route, name: str, source: Source) -> tuple[str, str]:
    wanted = _KINDS[kind]
    if not route:
        return (
            f"the file is {_describe(value)}, and should be a mapping of keys to values",
            "see `studbook explain schema`",
        )
    if kind == "string_type" and isinstance(value, bool | int | float):
        raw = source.raw(route)
        return f"{name} must be text, and YAML reads {raw} as {_describe(value)}", f'quote it: "{raw}"'
    return f"{name} must be {wanted}, and is {_describe(value)}", f"write {wanted}"


def _describe(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _route(loc: tuple[int | str, ...], value: object) -> Route:
    """A place in the file, from pydantic's, which also names the branches of a union."""
    route: list[str | int] = []
    for step in loc:
        if (isinstance(value, dict) and step in value) or (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        ):
            value = value[step]  # type: ignore[index]
            route.append(step)
    return tuple(route)


def _name(route: Route) -> str:
    text = ""
    for step in route:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return f"`{text}`" if text else "the file"


def _expected(route: Route) -> str:
    keys = [step for step in route if isinstance(step, str)]
    return next(
        (text for key, text in _PATTERNS if keys and keys[-1] == key),
        "a value of the form shown in `studbook explain schema`",
    )


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
