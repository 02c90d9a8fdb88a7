"""The one issue or pull request of an environment, known by the hidden marker that its body begins with."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gh import Gh, is_by, text_of
from texts import marker_name

_ID = re.compile(r"(sha256:[0-9a-f]{64}|none) -->")


@dataclass(frozen=True, slots=True)
class Marker:
    """The marker of an environment for `drift` or `pull`; it carries an id of what the body tells."""

    environment: str
    kind: str

    @property
    def _start(self) -> str:
        return f"<!-- reconciler:{marker_name(self.environment)}:{self.kind} "

    def newest(self, github: Gh, items: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
        """Return the newest of the items that begins with the marker and is by the login of the token."""
        marked = [
            item
            for item in items
            if text_of(item, "body").startswith(self._start) and isinstance(item.get("number"), int)
        ]
        viewer = github.viewer() if marked else ""
        return max((item for item in marked if is_by(item, viewer)), key=lambda item: int(item["number"]), default=None)

    def id_in(self, item: dict[str, Any]) -> str:
        """Return the id that a marked item carries; empty where somebody took it away."""
        found = _ID.match(text_of(item, "body"), len(self._start))
        return found[1] if found else ""

    def body(self, identifier: str, text: str) -> str:
        """Return a body that begins with the marker."""
        return f"{self._start}{identifier} -->\n{text}"
