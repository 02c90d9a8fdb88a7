"""
What may be shown, and to whom: values and sentences about them, and the secrets of a run.

Of a value that others must not see they are shown what kind it is, how long about, and a keyed digest. A sentence
about a value (`Message`) carries it, and what is read of the sentence is decided here, by `worded`.
"""

import hashlib
import hmac
import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal, Self, TypeAlias
from urllib.parse import quote as url_quoted

from msgspec import structs
from typing_extensions import TypeAliasType

from reconciler.core.model.secret import Secret, holds_secret
from reconciler.core.model.text import quoted, shortened, visible
from reconciler.core.model.unkept import TooDeep
from reconciler.core.model.value import Json, canonical, is_list
from reconciler.errors import Problem, SpecError

_DIGITS = 16
_KEY_CHECK = b"the key of these digests"  # no JSON, so no value
_LONGEST_QUOTE = 41
SHORTEST_SECRET = 8
"""A shorter text is no secret that can be taken out of others: it could stand in any word."""

_IN_ADDRESS = re.compile(r'\["(?:[^"\\]|\\.)*"\]')
"""A step of an address that is no plain word: a user's phone number, or a key that holds anything."""

Origin: TypeAlias = Literal["live", "secret", "sensitive"]
"""
Why a value is not shown: it came from the account or from a secret, or the catalogue calls its key sensitive.

What a spec says of other keys is always shown.
"""

Kind: TypeAlias = Literal["text", "number", "boolean", "list", "mapping", "null"]
Length: TypeAlias = Literal["empty", "1-8", "9-32", "33-128", "129-1024", ">1024"]


_LENGTHS: tuple[tuple[int, Length], ...] = ((0, "empty"), (8, "1-8"), (32, "9-32"), (128, "33-128"), (1024, "129-1024"))


@dataclass(frozen=True, slots=True)
class Masked:
    """
    Stands for a value that is not shown.

    `masked` is `hmac:` and the start of a keyed digest in hexadecimal, the same for equal values. `length` says how
    many characters a text has, or entries a list or mapping: `empty`, `1-8`, `9-32`, `33-128`, `129-1024` or `>1024`;
    None for other kinds.
    """

    masked: str
    origin: Origin
    kind: Kind
    length: Length | None


class DigestOnly(str):
    """
    A live value of which only a digest is known; its text is the digest, which no declared value equals.

    `masked` is what is shown of it.
    """

    __slots__ = ("masked",)

    masked: Masked

    def __new__(cls, masked: Masked) -> Self:
        """Make the stand-in for a value that is masked already."""
        made = super().__new__(cls, masked.masked)
        made.masked = masked
        return made


class DigestsIn(dict[str, Json]):
    """A live mapping of which some keys or values are known by their digests alone; `masked` is what is shown of it."""

    __slots__ = ("masked",)

    def __init__(self, entries: Mapping[str, Json], masked: Masked) -> None:
        super().__init__(entries)
        self.masked = masked


class Message(str):
    """
    A sentence about values, or a part of one.

    Its text only names the kinds of the values, so that it may be read by anybody, and so may all that is formatted
    from it by mistake. `shown` is the same sentence with the values quoted; `says` makes longer sentences of it.
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
    """Return a sentence of parts, which stand in the place of each `{}`; parts that are `Message` stay so."""
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
    Return a problem in the words that its reader may see: with the values of a repository's own.

    What came from an account (`live`) or is `sensitive` is quoted on the operator's own terminal alone (`reveal`).
    """
    if problem.withheld and not reveal:
        address = _IN_ADDRESS.sub('["…"]', problem.address)
        return structs.replace(problem, address=address, message=str(problem.message), cure=str(problem.cure))
    return structs.replace(problem, message=shown(problem.message), cure=shown(problem.cure))


def worded_error(error: Exception, *, reveal: bool) -> str:
    """Return what an error says, a line for each problem; the values that it carries, on the operator's terminal."""
    if isinstance(error, SpecError):
        return "\n".join(str(worded(problem, reveal=reveal)) for problem in error.problems)
    said = error.args[0] if error.args else None
    return said.shown if reveal and isinstance(said, Message) else str(error)


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """
    Return a text with `***` in the place of each secret, however it is written: the last door, behind all masking.

    A secret that is shorter than `SHORTEST_SECRET` stays: it could stand in any word.
    """
    forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):  # one may be a part of another
        text = text.replace(form, "***")
    return text


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it is, and as URLs, JSON, HTML, visible text and basic authentication write it."""
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
"""A value of which parts may be masked."""


@dataclass(frozen=True, slots=True)
class Masker:
    """
    Decides how values are shown that came from the live account or from a secret.

    Digests are keyed, since plain hashes of phone numbers can be guessed. `reveal` is True on the operator's own
    terminal alone, and shows live values; `revealed` are patterns of keys whose live values are shown everywhere.
    Facts with `sensitive` keys are shown where live values are, but for no pattern. Secrets are never shown.
    `declared_live` says that what is declared came from an account itself, and is shown as what is live.
    """

    key: bytes = field(repr=False)
    reveal: bool
    revealed: tuple[str, ...] = ()
    sensitive: frozenset[str] = frozenset()
    declared_live: bool = False

    @property
    def without_sensitive_keys(self) -> Self:
        """Return the masker for what is no fact, and has keys that only sound like one of the catalogue."""
        return replace(self, sensitive=frozenset())

    @property
    def key_check(self) -> str:
        """Return the digest by which it is told whether two maskers have the same key; no value has it."""
        return self._keyed(_KEY_CHECK)

    def live(self, value: Json, path: Sequence[str] = ()) -> Shown:
        """Show a value of the live account, which stands at this path: itself where that is allowed, else masked."""
        if isinstance(value, DigestOnly | DigestsIn):
            return value.masked
        if holds_secret(value):
            return self.mask(value, "secret")
        if isinstance(value, TooDeep):
            return self.mask(value, "live")
        if self._hides(path):
            return self.mask(value, "sensitive")
        return value if self._shows_live(path) else self.mask(value, "live")

    def live_key(self, key: str) -> Text:
        """Show the key of a live fact that no spec names: the agent chose it, so it may say as much as a value."""
        return key if self._shows_live((key,)) else self.mask(key, "live")

    def declared(self, value: Json, path: Sequence[str] = ()) -> Mixed:
        """Show a value that a spec declares, with its secrets masked; `path` leads to it where it is of a fact."""
        if isinstance(value, Secret):
            return self.mask(value.plain, "secret")
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
            return self.mask(value.plain, "secret")
        return value if value is None or self.reveal or not self.declared_live else self.mask(value, "live")

    def former(self, value: Json, after: Json, path: Sequence[str]) -> Shown:
        """Show a live value that is replaced; in the place of a secret stands, most likely, a former secret."""
        if holds_secret(after) and not isinstance(value, DigestOnly | DigestsIn):
            return self.mask(value, "secret")
        return self.live(value, path)

    def sent(self, value: Json, declared: Json, path: Sequence[str] = ()) -> Mixed:
        """Show a value that is sent: what is declared as such, what was kept of the live side as a live value."""
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

    def _keyed(self, text: bytes) -> str:
        return f"hmac:{hmac.new(self.key, text, hashlib.sha256).hexdigest()[:_DIGITS]}"

    def mask(self, value: Json, origin: Origin) -> Masked:
        """Return what stands for a value that is not shown."""
        return Masked(self.digest(value), origin, kind_of(value), length_class(value))

    def _hides(self, path: Sequence[str]) -> bool:
        return bool(self.sensitive) and not self.reveal and self.sensitive.issuperset(path[:1]) and bool(path)

    def _shows_live(self, path: Sequence[str]) -> bool:
        dotted = ".".join(path)
        return self.reveal or any(
            fnmatchcase(text, pattern) for pattern in self.revealed for text in (*path[:1], dotted)
        )


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
    """Report about how long a text, list or mapping is; None for all else, of which a length would tell the value."""
    if not isinstance(value, (str, dict, list, tuple)) or isinstance(value, TooDeep):
        return None
    return next((name for longest, name in _LENGTHS if len(value) <= longest), ">1024")
