"""Imported by the process that `warm` forks from, alone: load the whole package, and plan once with all formats."""

import contextlib
import gc
import io
import os
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory

import reconciler
from reconciler.cli.main import main

for found in walk_packages(reconciler.__path__, "reconciler."):
    if not found.name.endswith("__main__"):
        import_module(found.name)

with TemporaryDirectory() as folder, contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
    Path("reconciler.yaml").write_text("version: 1\nenvironments: {sandbox: {api: sandbox}}\n", encoding="utf-8")
    Path("specs").mkdir()
    Path("specs/a.yaml").write_text("contacts: {sarah: {external_id: crm-sarah, name: Sarah}}\n", encoding="utf-8")
    formats = ("json", "markdown", "summary", "html", "sarif")
    assert main(["plan", *(f"--write={name}={os.devnull}" for name in formats)]) == 0
    assert main(["apply", "--yes"]) == 0
gc.collect()
gc.freeze()  # a forked process then collects only what it made itself
