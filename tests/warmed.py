"""
Imported by the process that `warm` forks from, alone: load the whole package and all that it loads when it works.

So it plans once with all formats, and over both transports: what loads them takes four times as long as such a plan.
"""

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
from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store

PROJECT = """\
version: 1
default_environment: sandbox
environments: {sandbox: {api: sandbox}, live: {api: "http://127.0.0.1:1", api_key_env: PATH}}
"""

for found in walk_packages(reconciler.__path__, "reconciler."):
    if not found.name.endswith("__main__"):
        import_module(found.name)

with TemporaryDirectory() as folder, contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
    Path("reconciler.yaml").write_text(PROJECT, encoding="utf-8")
    Path("specs").mkdir()
    Path("specs/a.yaml").write_text("contacts: {sarah: {external_id: crm-sarah, name: Sarah}}\n", encoding="utf-8")
    formats = ("json", "markdown", "summary", "html", "sarif")
    assert main(["plan", *(f"--write={name}={os.devnull}" for name in formats)]) == 0
    assert main(["apply", "--yes"]) == 0
    with running(create_app(Store())) as url:
        for at_once in ("1", "50"):
            assert main(["-e", "live", "--api-url", url, "--concurrency", at_once, "plan"]) == 0
os.fsync = os.fstat  # type: ignore[assignment]  # as in `tests.conftest`
gc.collect()
gc.freeze()  # a forked process then collects only what it made itself
