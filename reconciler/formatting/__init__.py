"""Canonical files: order and quoting, with every comment kept. Only importer of ruamel.yaml."""

from reconciler.formatting.formatter import Formatted, LeftAlone, format_text
from reconciler.formatting.roundtrip import other_readers

__all__ = ["Formatted", "LeftAlone", "format_text", "taken_for"]


def taken_for(text: str) -> str | None:
    """Say what other readers of YAML take a text without quotes for; None where all take it for text."""
    return other_readers().taken_for(text)
