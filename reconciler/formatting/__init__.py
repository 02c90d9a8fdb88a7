"""Canonical files: order and quoting, with every comment kept. Only importer of ruamel.yaml."""

from reconciler.formatting.formatter import Formatted, LeftAlone, format_text

__all__ = ["Formatted", "LeftAlone", "format_text"]
