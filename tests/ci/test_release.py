"""The release: what the workflow may do, and a tag that does not fit the version."""

import os
import subprocess

from tests.ci.runner import ROOT

WORKFLOW = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
SCRIPT = ROOT / ".ci" / "release"


def test_it_attests_and_publishes_nothing() -> None:
    text = WORKFLOW + SCRIPT.read_text(encoding="utf-8")

    assert "actions/attest-build-provenance@" in WORKFLOW
    assert "actions/attest-sbom@" in WORKFLOW
    words = ("twine", "uv publish", "gh release", "docker push", "pypi-publish", "contents: write", "secrets.")
    assert [word for word in words if word in text] == []


def test_a_tag_must_name_the_version() -> None:
    variables = {**os.environ, "GITHUB_REF": "refs/tags/v9.9.9"}
    ran = subprocess.run([str(SCRIPT)], env=variables, capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert "the tag is v9.9.9, and pyproject.toml says 0.1.0: tag v0.1.0, or change the version" in ran.stderr
