"""GitHub's expressions, as far as the workflows use them: names, texts, signs, brackets, `always()`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_FILLED = re.compile(r"\$\{\{(.*?)\}\}")
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|==|!=|&&|\|\||[()]|[A-Za-z_][\w.-]*(?:\(\))?)")


def filled(text: str, contexts: Mapping[str, Any]) -> str:
    """Return a text with the values of its expressions."""
    return _FILLED.sub(lambda found: _text(evaluate(found[1], contexts)), text)


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """Return the value of an expression, with or without its `${{ }}`; what is not there is the empty text."""
    bare = _FILLED.sub(r"\1", expression).strip()
    tokens = _TOKEN.findall(bare)
    assert "".join(tokens) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", bare), f"not understood: {expression}"
    return _Reading(iter([*tokens, ""]), contexts).either()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Reading:
    """One expression, from left to right."""

    def __init__(self, tokens: Iterator[str], contexts: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._contexts = contexts
        self._next = next(tokens)

    def either(self) -> Any:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self._take("&&"):
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> Any:
        value = self._value()
        for sign in ("==", "!="):
            if self._take(sign):
                return (value == self._value()) is (sign == "==")
        return value

    def _value(self) -> Any:
        word, self._next = self._next, next(self._tokens, "")
        if word == "(":
            inner = self.either()
            assert self._take(")")
            return inner
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        value: Any = self._contexts
        for name in word.split("."):
            value = value.get(name, "") if isinstance(value, Mapping) else ""
        return value

    def _take(self, sign: str) -> bool:
        if self._next != sign:
            return False
        self._next = next(self._tokens, "")
        return True
