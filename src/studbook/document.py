"""Bytes to values with positions. Hostile input stops here.

One pass over libyaml's event stream builds the value and notes where each node starts. Scalars follow the YAML 1.2 core
schema (`no`, `on`, `1:30` and dates are strings). Whatever is refused becomes a `Problem`, never an exception.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from studbook.diagnostic import Route, Span

Value: TypeAlias = Any
"""None, bool, int, float, str, or a list or a str-keyed dict of these."""

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_NUMBER = 128
MAX_PROBLEMS = 20

_BREAK = re.compile(r"\r\n|\r|\n")
_FOREIGN_BREAK = re.compile("[\x85\u2028\u2029]")
_INT = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z", re.ASCII)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC = frozenset("+-.0123456789")
_ODD_KEYS = {*_WORDS, "<<"}
_TOKEN = re.compile(r"""'(?:[^'\r\n]|'')*'|"(?:[^"\\\r\n]|\\.)*"|[^\s,\[\]{}#][^,\[\]{}\r\n#]*""")


class Problem(NamedTuple):
    """Why a document cannot be used: a rule's id, where, what is wrong, and the repair."""

    rule: str
    offset: int
    message: str
    hint: str


class _Stop(Exception):
    """The rest of the document is not worth reading, or not safe to."""


class Document:
    """A text, its value, and where each of its nodes starts.

    `value` means nothing while there are `problems`.
    """

    __slots__ = ("_offsets", "problems", "text", "value")

    def __init__(self, text: str, value: Value, offsets: array[int], problems: list[Problem]) -> None:
        self.text = text
        self.value = value
        self.problems = problems
        self._offsets = offsets

    def locate(self, route: Route, *, key: bool = False) -> Span:
        """The place of the value at `route` (or of its key). A missing step gives the nearest node that exists.

        A mapping or list in block style is shown by its key: its first character is that of its first child.
        """
        offset = self._find(route, key)
        return self.span(offset)

    def span(self, offset: int) -> Span:
        """Line and column of a character, and how wide the token is that starts there."""
        lines = _BREAK.split(self.text[:offset])
        token = _TOKEN.match(self.text, offset)
        width = len(token.group().rstrip()) if token else 1
        return Span(len(lines), len(lines[-1]) + 1, max(width, 1))

    def raw(self, route: Route) -> str:
        """The value at `route` as it is written."""
        token = _TOKEN.match(self.text, self._find(route, False))
        return token.group().rstrip() if token else ""

    def line(self, number: int) -> str:
        lines = _BREAK.split(self.text)
        return lines[number - 1] if number <= len(lines) else ""

    def _find(self, route: Route, key: bool) -> int:
        if not self._offsets:
            return 0
        node, position, found = self.value, 0, self._offsets[0]
        for depth, step in enumerate(route):
            if (at := _child(node, step, position)) is None:
                return found
            key_position, position = at
            node = node[step]
            last_key = key and depth == len(route) - 1
            found = self._offsets[key_position if last_key or self._is_block(node, position) else position]
        return found

    def _is_block(self, node: Value, position: int) -> bool:
        return isinstance(node, dict | list) and self.text[self._offsets[position]] not in "{["


def _child(node: Value, step: str | int, position: int) -> tuple[int, int] | None:
    """Positions of key and value of a child, in the order in which the nodes were read."""
    position += 1
    if isinstance(node, dict) and isinstance(step, str):
        for key, value in node.items():
            if key == step:
                return position, position + 1
            position += 1 + _count(value)
    elif isinstance(node, list) and isinstance(step, int):
        for index, value in enumerate(node):
            if index == step:
                return position, position
            position += _count(value)
    return None


def _count(node: Value) -> int:
    """Nodes of a subtree, keys included."""
    if isinstance(node, dict):
        return 1 + sum(1 + _count(value) for value in node.values())
    if isinstance(node, list):
        return 1 + sum(map(_count, node))
    return 1


def parse(data: bytes) -> Document:
    """Read one YAML document. Never raises, whatever the bytes; cost is bounded by `MAX_BYTES` and `MAX_NODES`."""
    problems: list[Problem] = []
    text, decoding = _decode(data)
    if decoding is not None:
        return Document(text, None, array("L"), [decoding])
    offsets = array("L")
    value = None
    try:
        value = _Reader(text, offsets, problems).document()
    except _Stop:
        pass
    except yaml.YAMLError as error:
        problems.append(_syntax(text, error))
    return Document(text, value, offsets, problems)


def oversized(size: int) -> Document:
    """Stands for a file that is too large to be read at all."""
    hint = "keep manifests small: link to long texts, and track data with DVC"
    return Document("", None, array("L"), [Problem("yaml-limits", 0, f"the file has {size:,} bytes; 1 MiB is the limit", hint)])


def _decode(data: bytes) -> tuple[str, Problem | None]:
    if len(data) > MAX_BYTES:
        return "", oversized(len(data)).problems[0]
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        offset = len(data[: error.start].decode("utf-8"))
        return text, Problem("yaml-syntax", offset, "the file is not UTF-8", "save it as UTF-8")
    if odd := _FOREIGN_BREAK.search(text):
        message = f"U+{ord(odd.group()):04X} ends a line for some YAML readers and not for others"
        hint = "replace it by a space, or write it as an escape in a double-quoted string"
        return text, Problem("yaml-syntax", odd.start(), message, hint)
    return text, None


def _syntax(text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    offset = mark.index if mark is not None else _characters(text, getattr(error, "position", None) or 0)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    context = getattr(error, "context", None)
    message, hint = _frequent(str(what), text[offset : offset + 1]) or (
        f"{what} ({context})" if context else str(what),
        "check indentation, quotes and brackets near this place",
    )
    return Problem("yaml-syntax", min(offset, len(text)), message, hint)


def _characters(text: str, position: int) -> int:
    """libyaml's reader counts bytes."""
    return len(text.encode()[:position].decode("utf-8", "ignore"))


def _frequent(what: str, character: str) -> tuple[str, str] | None:
    """What people run into most, in words that help."""
    if what.startswith("found character that cannot start any token"):
        if character == "\t":
            return "a tab stands where YAML wants spaces", "indent with spaces"
        return f"a value cannot begin with `{character}`", "put the value in quotes"
    if what.startswith("mapping values are not allowed"):
        return "a `:` where no key can stand", "put a text that holds a colon in quotes, or check the indentation"
    if what.startswith("control characters"):
        return "a control character", "remove it, or write it as an escape in a double-quoted string"
    return None


class _Reader:
    """One pass over the events of one document."""

    def __init__(self, text: str, offsets: array[int], problems: list[Problem]) -> None:
        self._next: Callable[[], Event] = yaml.CSafeLoader(text).get_event  # type: ignore[attr-defined]
        self._note = offsets.append
        self._offsets = offsets
        self._problems = problems

    def document(self) -> Value:
        self._next()  # stream start
        start = self._next()
        if isinstance(start, StreamEndEvent):
            return None
        if isinstance(start, DocumentStartEvent) and (start.tags or start.version not in (None, (1, 2))):
            self._refuse("yaml-feature", start, "a %TAG or %YAML 1.1 directive", "remove the line that begins with %")
        value = self._node(self._next(), 0)
        self._next()  # document end
        after = self._next()
        if not isinstance(after, StreamEndEvent):
            self._refuse("yaml-feature", after, "a second YAML document", "keep one document in a file: remove the `---`")
        return value

    def _node(self, event: Event, depth: int) -> Value:
        kind = type(event)
        if kind is ScalarEvent:
            return self._leaf(event)
        if kind is AliasEvent:
            self._note(event.start_mark.index)
            return self._feature(event)
        return self._collection(event, kind, depth + 1)

    def _leaf(self, event: Event) -> Value:
        self._note(event.start_mark.index)
        if event.tag is not None or event.anchor is not None:
            self._feature(event)
        text: str = event.value
        if not event.implicit[0] or (text and text[0] not in _NUMERIC and text not in _WORDS):
            return text
        return self._scalar(event)

    def _collection(self, event: Event, kind: type[Event], depth: int) -> Value:
        self._note(event.start_mark.index)
        if event.tag is not None or event.anchor is not None:
            self._feature(event)
        if depth > MAX_DEPTH:
            self._stop("yaml-limits", event, f"nested more than {MAX_DEPTH} levels deep", "flatten the structure")
        return self._mapping(depth) if kind is MappingStartEvent else self._sequence(depth)

    def _sequence(self, depth: int) -> list[Value]:
        items: list[Value] = []
        while type(event := self._next()) is not SequenceEndEvent:
            items.append(self._node(event, depth))
            if len(self._offsets) > MAX_NODES:
                self._too_many(event)
        return items

    def _mapping(self, depth: int) -> dict[str, Value]:
        items: dict[str, Value] = {}
        advance, offsets = self._next, self._offsets
        while type(event := advance()) is not MappingEndEvent:
            key = self._key(event)
            if key in items:
                self._refuse("yaml-duplicate-key", event, f"`{_short(key)}` is written twice", "keep one of the two")
            value = advance()
            items[key] = self._leaf(value) if type(value) is ScalarEvent else self._node(value, depth)
            if len(offsets) > MAX_NODES:
                self._too_many(event)
        return items

    def _too_many(self, event: Event) -> NoReturn:
        self._stop("yaml-limits", event, f"more than {MAX_NODES:,} values", "split the file, or link to the data instead")

    def _key(self, event: Event) -> str:
        if type(event) is not ScalarEvent:
            self._stop("yaml-feature", event, "a list, mapping or alias as a key", "use plain text as the key")
        self._note(event.start_mark.index)
        text: str = event.value
        if event.tag is not None or event.anchor is not None:
            self._feature(event)
        if event.implicit[0] and (text in _ODD_KEYS or text[0] in _NUMERIC):
            self._plain_key(event, text)
        return text

    def _plain_key(self, event: Event, text: str) -> None:
        if text == "<<":
            self._refuse("yaml-feature", event, "a merge key (`<<`)", "write the keys out")
        elif text in _WORDS or not isinstance(self._scalar(event), str):
            self._refuse("schema", event, f"the key `{_short(text)}` is not text", f'quote it: "{_short(text)}"')

    def _scalar(self, event: Event) -> Value:
        """A plain scalar under the YAML 1.2 core schema."""
        text: str = event.value
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _NUMERIC:
            return text
        if len(text) > MAX_NUMBER and (_INT.match(text) or _FLOAT.match(text)):
            return self._refuse("yaml-limits", event, f"a number of {len(text):,} characters", "quote it if it is text")
        if _INT.match(text):
            return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        number = float(text) if _FLOAT.match(text) else None
        if _SPECIAL.match(text) or (number is not None and math.isinf(number)):
            return self._refuse("schema", event, f"`{_short(text)}` is not a finite number", "leave the value out, or quote it if it is text")
        return text if number is None else number

    def _feature(self, event: Event) -> None:
        what, sign = ("an alias", "*") if isinstance(event, AliasEvent) else ("an anchor", "&")
        if not isinstance(event, AliasEvent) and event.anchor is None:
            what, sign = "a tag", "!"
        self._refuse("yaml-feature", event, f"{what} (`{sign}`)", "write the value out; quote it if it is meant as text")

    def _refuse(self, rule: str, event: Event, what: str, hint: str) -> None:
        message = f"{what} is not allowed in a registry" if rule == "yaml-feature" else what
        self._problems.append(Problem(rule, event.start_mark.index, message, hint))
        if len(self._problems) >= MAX_PROBLEMS:
            raise _Stop

    def _stop(self, rule: str, event: Event, what: str, hint: str) -> NoReturn:
        self._refuse(rule, event, what, hint)
        raise _Stop


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
