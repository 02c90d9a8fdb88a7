"""
What may be shown, and to whom: values, messages about them, and the secrets of a run.

Of a value that is hidden, others see the kind, an approximate length and a keyed digest. A message about values
(`Message`) carries them, and `worded` decides which text of it a reader sees.
"""

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal, Self, TypeAlias
from urllib.parse import quote as url_quoted

from msgspec import Struct
from msgspec.structs import replace
from typing_extensions import TypeAliasType

from reconciler.core.model.text import (
    Secret,
    UnreadSecret,
    holds_secret,
    quoted,
    shortened,
    visible,
    with_references,
)
from reconciler.core.model.value import DocumentPart, Json, TooDeep, canonical, canonical_parts, is_list
from reconciler.errors import Problem, SpecError

_DIGITS = 16
_KEY_CHECK = b"the key of these digests"  # no JSON, so no value
MOST_LINES = 100
"""How many errors or warnings are shown; the others are counted."""

_LONGEST_QUOTE = 41
_LONGEST_WORD = 200
_LONG_WORD = rf"\S{{{_LONGEST_WORD + 1},}}"
_LONGEST_LINE = 1_000
_NUMBER = r"\S*\d\S*"
_IN_WORDS = rf'"[^"]*"|{_NUMBER}'
_END_OF_LINE = 300
SHORTEST_SECRET = 8
"""A shorter text cannot be replaced in others: it could be part of any word."""

_IN_ADDRESS = r'\["(?:[^"\\]|\\.)*"\]'
"""A step of an address that is no plain word: a user's phone number, or any key."""

MaskReason: TypeAlias = Literal["live", "secret", "sensitive"]
"""
Why a value is hidden: it came from the account or from a secret, or the catalogue calls its key sensitive.

Values that a spec declares for other keys are always shown.
"""

Kind: TypeAlias = Literal["text", "number", "boolean", "list", "mapping", "null"]
Length: TypeAlias = Literal["empty", "1-8", "9-32", "33-128", "129-1024", ">1024"]


_LENGTHS: tuple[tuple[int, Length], ...] = ((0, "empty"), (8, "1-8"), (32, "9-32"), (128, "33-128"), (1024, "129-1024"))


class Masked(DocumentPart, frozen=True):
    """
    The stand-in for a hidden value.

    `masked` is `hmac:` and the start of a keyed digest in hexadecimal, the same for equal values. `length` counts the
    characters of a text, or the entries of a list or mapping: `empty`, `1-8`, `9-32`, `33-128`, `129-1024` or `>1024`;
    None for other kinds.
    """

    masked: str
    origin: MaskReason
    kind: Kind
    length: Length | None


class DigestOnly(str):
    """
    A live value of which only the digest is known; its text is the digest, which no declared value equals.

    `masked` is its stand-in.
    """

    __slots__ = ("masked",)

    masked: Masked

    def __new__(cls, masked: Masked) -> Self:
        """Make the stand-in for a value that is already masked."""
        made = super().__new__(cls, masked.masked)
        made.masked = masked
        return made


class DigestsIn(dict[str, Json]):
    """A live mapping of which some keys or values are known only by their digests; `masked` is its stand-in."""

    __slots__ = ("masked",)

    def __init__(self, entries: Mapping[str, Json], masked: Masked) -> None:
        super().__init__(entries)
        self.masked = masked


class Message(str):
    """
    A message about values, or a part of one.

    Its text names only the kinds of the values, so anybody may read it, even if it is formatted by mistake. `shown` is
    the same message with the values quoted. `compose` combines messages.
    """

    __slots__ = ("shown",)

    shown: str

    def __new__(cls, text: str, *, shown: str) -> Self:
        """Make a sentence, without the values and with them."""
        made = super().__new__(cls, text)
        made.shown = shown
        return made

    def __eq__(self, other: object) -> bool:
        """Compare the values, too."""
        return str.__eq__(self, other) is True and self.shown == shown(other)

    def __ne__(self, other: object) -> bool:
        """Compare the values, too."""
        return not self == other

    def __hash__(self) -> int:
        """Hash the values, too."""
        return hash(self.shown)


def compose(template: str, *parts: object) -> Message:
    """Return a message made of parts, one for each `{}`; parts that are messages stay so."""
    return Message(template.format(*parts), shown=template.format(*map(shown, parts)))


def quote(text: str) -> Message:
    """Return a text in quotes, for a sentence: `"…"` where it must not be shown."""
    if isinstance(text, Secret):
        return Message("a secret", shown="a secret")
    return Message('"…"', shown=quoted(text))


def label(name: str) -> Message:
    """Return a name without quotes, for a sentence: `…` where it must not be shown, since it may be meant as text."""
    return Message("…", shown=name)


def named(value: object) -> Message:
    """Name a value as a sentence would: `the number 5`, `the text "x"`, `a list`; of a secret, only that it is one."""
    match value:
        case None:
            return compose("nothing (null)")
        case bool():
            return Message("true or false", shown=str(value).lower())
        case int() | float():
            return Message("a number", shown=f"the number {value}")
        case Secret():
            return compose("a secret")
        case str():
            return Message("a text", shown=f"the text {quoted(shortened(value, _LONGEST_QUOTE))}")
        case _:
            return compose("a mapping" if isinstance(value, dict) else "a list")


def worded(problem: Problem, *, reveal: bool) -> Problem:
    """
    Return a problem in the words that its reader may see: with values that the repository itself declares.

    Values that came from an account or are `sensitive` are quoted only on the operator's own terminal (`reveal`).
    """
    if problem.withheld and not reveal:
        address = re.sub(_IN_ADDRESS, '["…"]', problem.address)
        return replace(problem, address=address, message=str(problem.message), cure=str(problem.cure))
    return replace(problem, message=shown(problem.message), cure=shown(problem.cure))


def worded_error(error: Exception, *, reveal: bool) -> str:
    """Return the text of an error, one line for each problem; with values only on the operator's terminal."""
    if isinstance(error, SpecError):
        return "\n".join(line_of(worded(problem, reveal=reveal)) for problem in error.problems)
    text = error.args[0] if error.args else None
    said = text.shown if reveal and isinstance(text, Message) else str(error)
    return re.sub(rf"\S{{{_LONGEST_LINE + 1},}}", lambda word: shortened(word[0], _LONGEST_WORD), said)


def words_of(problem: Problem) -> tuple[str, str, str]:
    """Return what the problems of one kind in a file have in common: their words without values and numbers."""
    return problem.file, re.sub(_IN_WORDS, "", str(problem.message)), re.sub(_NUMBER, "", str(problem.cure))


def first_of_each(problems: Sequence[Problem], most: int) -> tuple[Problem, ...]:
    """Return at most `most` problems, in their order: the first of each kind, then the second, and so on."""
    if len(problems) <= most:
        return tuple(problems)
    times: Counter[tuple[str, str, str]] = Counter()
    ranks = []
    for at, problem in enumerate(problems):
        times[kind := words_of(problem)] += 1
        ranks.append((times[kind], at))
    return tuple(problems[at] for at in sorted(at for _, at in sorted(ranks)[:most]))


def line_of(problem: Problem) -> str:
    """Return the line of a problem with the first characters of what is very long in it: a key, a value, a list."""
    line = str(problem)
    if len(line) <= _LONGEST_WORD:
        return line
    fitted = re.sub(_LONG_WORD, lambda word: shortened(word[0], _LONGEST_WORD), line)
    return (
        fitted if len(fitted) <= _LONGEST_LINE else f"{fitted[: _LONGEST_LINE - _END_OF_LINE]}…{fitted[-_END_OF_LINE:]}"
    )


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """
    Return a text with `***` in the place of each secret, in all its forms: the last check after all masking.

    A secret that is shorter than `SHORTEST_SECRET` stays, since it could be part of any word.
    """
    forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):  # one may be a part of another
        text = text.replace(form, "***")
    return text


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it is, and as URLs, JSON, HTML, visible text and basic authentication write it."""
    import html  # noqa: PLC0415  most commands know no secret

    raw = secret.encode(errors="surrogateescape")
    yield from (secret, visible(secret), html.escape(secret), url_quoted(raw), url_quoted(raw, safe=""))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], b64encode(raw).decode())


def shown(part: object) -> str:
    """Return a sentence, or a part of one, with its values, for those who may see them."""
    return part.shown if isinstance(part, Message) else str(part)


Text: TypeAlias = str | Masked
"""A text of a spec, masked where it is a secret, or a key of a fact, masked where only the account knows it."""

Shown: TypeAlias = Json | Masked
Mixed = TypeAliasType("Mixed", 'Json | Masked | Mapping[str, "Mixed"] | Sequence["Mixed"]')
"""A value with parts that may be masked."""


class Masker(Struct, frozen=True):
    """
    Decides how to show values that came from the live account or from a secret.

    Digests are keyed, since plain hashes of phone numbers can be guessed. `reveal` is True only on the operator's own
    terminal, and shows live values. `revealed` are patterns of keys whose live values are shown everywhere. Facts with
    `sensitive` keys are shown only on the operator's terminal; the patterns do not apply to them. Secrets are never
    shown; of one that was not read, its reference is. With `declared_live`, declared values came from an account, and
    are shown like live ones.
    """

    key: bytes
    reveal: bool
    revealed: tuple[str, ...] = ()
    sensitive: frozenset[str] = frozenset()
    declared_live: bool = False

    def __repr__(self) -> str:
        """Return it without the key."""
        return f"Masker({self.key_check!r})"

    @property
    def without_sensitive_keys(self) -> Self:
        """Return the masker for values that are not facts, whose keys the catalogue does not mean."""
        return replace(self, sensitive=frozenset())

    @property
    def key_check(self) -> str:
        """Return a digest that shows whether two maskers have the same key; no value has it."""
        return self._keyed(_KEY_CHECK)

    def live(self, value: Json, path: Sequence[str] = ()) -> Shown:
        """Return a value of the live account as it may be shown; `path` is its path in the memory."""
        if isinstance(value, DigestOnly | DigestsIn):
            return value.masked
        if holds_secret(value):
            written = with_references(value)
            return self.mask(value, "secret") if holds_secret(written) else written
        if isinstance(value, TooDeep):
            return self.mask(value, "live")
        if self._hides(path):
            return self.mask(value, "sensitive")
        return value if self._shows_live(path) else self.mask(value, "live")

    def live_key(self, key: str) -> Text:
        """Return the key of an undeclared live fact as it may be shown; the agent chose it, so it may be a value."""
        return key if self._shows_live((key,)) else self.mask(key, "live")

    def declared(self, value: Json, path: Sequence[str] = ()) -> Mixed:
        """Return a declared value as it may be shown, with its secrets masked; `path` is its path in a fact."""
        if isinstance(value, Secret):
            return self._secret(value)
        if self._hides(path):
            return self.mask(value, "sensitive")
        if self.declared_live:
            return self.live(value, path)
        if not holds_secret(value):
            return value
        if isinstance(value, dict):
            return {key: self.declared(item) for key, item in value.items()}
        assert is_list(value)  # noqa: S101  nothing else holds a secret
        return [self.declared(item) for item in value]

    def text(self, value: str | None) -> Text | None:
        """Show a text that a spec declares, or that it is a secret."""
        if isinstance(value, Secret):
            return self._secret(value)
        return value if value is None or self.reveal or not self.declared_live else self.mask(value, "live")

    def former(self, value: Json, after: Json, path: Sequence[str]) -> Shown:
        """Return a live value that is replaced, as it may be shown; a secret probably replaces a former secret."""
        if holds_secret(after) and not holds_secret(value) and not isinstance(value, DigestOnly | DigestsIn):
            return self.mask(value, "secret")
        return self.live(value, path)

    def sent(self, value: Json, declared: Json, path: Sequence[str] = ()) -> Mixed:
        """Return a value that is sent, as it may be shown: declared parts as declared, others as live values."""
        if self._hides(path):
            return self.declared(value, path)
        if isinstance(value, dict) and isinstance(declared, dict):
            return {
                key: self.sent(item, declared[key], (*path, key)) if key in declared else self.live(item, (*path, key))
                for key, item in value.items()
            }
        return self.declared(value, path)

    def digest(self, value: Json) -> str:
        """Return the keyed digest of a value, the same for all values that are the same JSON."""
        return self._keyed(canonical(value).encode())

    def digest_of_list(self, values: Iterable[Json]) -> str:
        """Return the keyed digest of a list, which is never held as a whole."""
        keyed = hmac.new(self.key, digestmod=hashlib.sha256)
        for part in canonical_parts(values):
            keyed.update(part)
        return _text_of(keyed)

    def _secret(self, value: Secret) -> Text:
        """Return the reference of a secret that was not read, and the stand-in for any other."""
        return value.plain if isinstance(value, UnreadSecret) else self.mask(value.plain, "secret")

    def _keyed(self, text: bytes) -> str:
        return _text_of(hmac.new(self.key, text, hashlib.sha256))

    def mask(self, value: Json, origin: MaskReason) -> Masked:
        """Return the stand-in for a hidden value."""
        return Masked(self.digest(value), origin, kind_of(value), length_class(value))

    def _hides(self, path: Sequence[str]) -> bool:
        return bool(path) and not self.reveal and path[0] in self.sensitive

    def _shows_live(self, path: Sequence[str]) -> bool:
        dotted = ".".join(path)
        return self.reveal or any(
            fnmatchcase(text, pattern) for pattern in self.revealed for text in (*path[:1], dotted)
        )


def _text_of(keyed: hmac.HMAC) -> str:
    return f"hmac:{keyed.hexdigest()[:_DIGITS]}"


def kind_of(value: Json) -> Kind:
    """Return what kind of JSON a value is."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return value.kind if isinstance(value, TooDeep) else "text"
        case dict():
            return "mapping"
        case _:
            return "list"


def length_class(value: Json) -> Length | None:
    """Return the class of length of a text, list or mapping; None for other kinds, whose length reveals the value."""
    if not isinstance(value, (str, dict, list, tuple)) or isinstance(value, TooDeep):
        return None
    return next((name for longest, name in _LENGTHS if len(value) <= longest), ">1024")
