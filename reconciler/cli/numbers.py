"""What is said of a number that an option cannot take: which one is expected, and how it is written."""

import click

_EXAMPLE = "0.3 for 30 percent"


def worded_number(kind: click.IntRange | click.FloatRange, message: str) -> str:
    """Return in a sentence what click says of a value that is not of this kind."""
    given = message.partition(" is not ")[0].strip("'").removesuffix(".0")
    return f"{given!r} is not {_expected(kind, given)}"


def _expected(kind: click.IntRange | click.FloatRange, given: str) -> str:
    if isinstance(kind, click.IntRange):
        return f"a whole number {_extent(kind)}"
    if kind.max is None:
        return f"a number above {kind.min:g}, such as 50 or 0.5"
    return f"a share from {kind.min:g} to {kind.max:g}; write {_share_meant(given)}"


def _extent(kind: click.IntRange) -> str:
    return f"of at least {kind.min}" if kind.max is None else f"from {kind.min} to {kind.max}"


def _share_meant(text: str) -> str:
    """Return the share that a percentage is; an example for anything else."""
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        return _EXAMPLE
    return f"{percent / 100:.15g}" if 0 <= percent <= 100 else _EXAMPLE  # noqa: PLR2004  percent
