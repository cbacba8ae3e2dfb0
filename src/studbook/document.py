"""Bytes to values with positions. Hostile input stops here.

`reader.py` makes the one pass over libyaml's event stream; whatever is refused becomes a `Problem`, never an exception.
"""

from __future__ import annotations

import re
from array import array

import yaml

from studbook.diagnostic import Route, Span
from studbook.reader import Problem, Reader, Stop, Value
from studbook.tree import MAX_BYTES

_BREAK = re.compile(r"\r\n|\r|\n")
_FOREIGN_BREAK = re.compile("[\x85\u2028\u2029]")
_TOKEN = re.compile(r"""'(?:[^'\r\n]|'')*'|"(?:[^"\\\r\n]|\\.)*"|[^\s,\[\]{}](?:(?!:\s|:$| #)[^,\[\]{}\r\n])*""")
"""A quoted or plain scalar, as far as it can be told without parsing: for the width of a caret."""


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
        value = Reader(text, offsets, problems).document()
    except Stop:
        pass
    except yaml.YAMLError as error:
        problems.append(_syntax(text, error))
    return Document(text, value, offsets, problems)


def oversized(size: int) -> Document:
    """Stands for a file that is too large to be read at all."""
    hint = "keep manifests small: link to long texts, and track data with DVC"
    return Document(
        "", None, array("L"), [Problem("yaml-limits", 0, f"the file has {size:,} bytes; 1 MiB is the limit", hint)]
    )


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
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    context = getattr(error, "context", None)
    if "end of stream" in what and "quoted scalar" in str(context):
        return Problem("yaml-syntax", error.context_mark.index, "this quote is never closed", "close it")  # type: ignore[attr-defined]
    mark = getattr(error, "problem_mark", None)
    offset = mark.index if mark is not None else _characters(text, getattr(error, "position", None) or 0)
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
