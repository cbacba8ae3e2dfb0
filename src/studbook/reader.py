"""One pass over libyaml's events: a value, where its nodes start, and every reason to refuse it.

Scalars follow the YAML 1.2 core schema (`no`, `on`, `1:30` and dates are strings).
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
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

Value: TypeAlias = Any
"""None, bool, int, float, str, or a list or a str-keyed dict of these."""
Event: TypeAlias = Any
"""One of yaml.events; which attributes it has is known from its class, and asking each time would double the cost."""

MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_NUMBER = 128
MAX_PROBLEMS = 20

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


class Problem(NamedTuple):
    """Why a document cannot be used: a rule's id, where, what is wrong, and the repair."""

    rule: str
    offset: int
    message: str
    hint: str


class Stop(Exception):
    """The rest of the document is not worth reading, or not safe to."""


class Reader:
    """One pass over the events of one document."""

    def __init__(self, text: str, offsets: array[int], problems: list[Problem]) -> None:
        self._next: Callable[[], Event] = yaml.CSafeLoader(text).get_event
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
            self._refuse(
                "yaml-feature", after, "a second YAML document", "keep one document in a file: remove the `---`"
            )
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

    def _collection(self, event: Event, kind: type, depth: int) -> Value:
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
        self._stop(
            "yaml-limits", event, f"more than {MAX_NODES:,} values", "split the file, or link to the data instead"
        )

    def _key(self, event: Event) -> str:
        kind: type = type(event)
        if kind is not ScalarEvent:
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
            return self._refuse(
                "schema",
                event,
                f"`{_short(text)}` is not a finite number",
                "leave the value out, or quote it if it is text",
            )
        return text if number is None else number

    def _feature(self, event: Event) -> None:
        what, sign = ("an alias", "*") if isinstance(event, AliasEvent) else ("an anchor", "&")
        if not isinstance(event, AliasEvent) and event.anchor is None:
            what, sign = "a tag", "!"
        self._refuse(
            "yaml-feature", event, f"{what} (`{sign}`)", "write the value out; quote it if it is meant as text"
        )

    def _refuse(self, rule: str, event: Event, what: str, hint: str) -> None:
        message = f"{what} is not allowed in a registry" if rule == "yaml-feature" else what
        self._problems.append(Problem(rule, event.start_mark.index, message, hint))
        if len(self._problems) >= MAX_PROBLEMS:
            raise Stop

    def _stop(self, rule: str, event: Event, what: str, hint: str) -> NoReturn:
        self._refuse(rule, event, what, hint)
        raise Stop


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
