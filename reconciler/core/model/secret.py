"""Text that must not be shown, and is not shown if it is formatted by mistake."""

from reconciler.core.model.value import Json, is_list

_SHOWN = "(secret)"


class Secret(str):
    """
    A text that came from a secret in the environment of the process.

    It compares and encodes as the text itself. `str()`, `repr()`, f-strings and `%s` give `(secret)`, so that no
    message can quote it; `plain` gives the text.
    """

    __slots__ = ()

    def __str__(self) -> str:
        """Return `(secret)`."""
        return _SHOWN

    def __repr__(self) -> str:
        """Return `(secret)`."""
        return _SHOWN

    def __format__(self, format_spec: str) -> str:
        """Return `(secret)`, as wide as asked for."""
        return format(_SHOWN, format_spec)

    @property
    def plain(self) -> str:
        """Return the text itself."""
        return str.__str__(self)


class UnreadSecret(Secret):
    """A secret that was not read, since it is not needed yet; its text is the reference in the spec."""

    __slots__ = ()


def holds_secret(value: object) -> bool:
    """Return whether a value is or contains a secret, at any depth."""
    if isinstance(value, str):
        return isinstance(value, Secret)
    if isinstance(value, dict):
        return any(map(holds_secret, value.values()))
    return isinstance(value, (list, tuple)) and any(map(holds_secret, value))


def as_secret(value: Json) -> Json:
    """Return the value with each text in it as a secret."""
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, dict):
        return {key: as_secret(item) for key, item in value.items()}
    return [as_secret(item) for item in value] if is_list(value) else value


def with_references(value: Json) -> Json:
    """Return the value with the references of secrets that were not read, in their places."""
    if isinstance(value, UnreadSecret):
        return value.plain
    if isinstance(value, dict):
        return {key: with_references(item) for key, item in value.items()}
    return [with_references(item) for item in value] if is_list(value) else value
