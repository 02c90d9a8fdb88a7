"""What may be shown of values that came from the live account: a keyed digest, so that equal values can be told."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.core.value import Json, canonical

_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Masked:
    """Stands for a value that is not shown; `masked` is `hmac:` and the start of the digest in hexadecimal."""

    masked: str


Shown: TypeAlias = Json | Masked
Mixed: TypeAlias = Json | Masked | Mapping[str, "Mixed"]
"""A value of which parts may be masked."""


@dataclass(frozen=True, slots=True)
class Masker:
    """
    Decides how live values are shown.

    Digests are keyed, since plain hashes of phone numbers can be guessed. `reveal` is True on the operator's own
    terminal alone.
    """

    key: bytes = field(repr=False)
    reveal: bool

    def live(self, value: Json) -> Shown:
        """Show a value of the live account: itself on the operator's terminal, its digest elsewhere."""
        return value if self.reveal else Masked(self.digest(value))

    def digest(self, value: Json) -> str:
        """Give the keyed digest of a value, the same for all values that are the same JSON."""
        keyed = hmac.new(self.key, canonical(value).encode(), hashlib.sha256)
        return f"hmac:{keyed.hexdigest()[:_DIGITS]}"

    def retained(self, value: Json, declared: Json) -> Mixed:
        """Show a value that is sent: what is declared as it is, what was kept of the live side as a live value."""
        if isinstance(value, dict) and isinstance(declared, dict):
            return {
                key: self.retained(item, declared[key]) if key in declared else self.live(item)
                for key, item in value.items()
            }
        return value
