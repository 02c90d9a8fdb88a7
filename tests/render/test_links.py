"""Links lead to the specs in the repository of a CI job, over https alone."""

import pytest

from reconciler.core.documents.plan import PlaceEntry
from reconciler.render.markup import SourceLinks, source_links

SHA = "0123456789abcdef0123456789abcdef01234567"
GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "hotel/memories",
    "GITHUB_SHA": SHA,
    "GITHUB_WORKSPACE": "/home/runner/work/memories",
}
GITLAB = {
    "CI_PROJECT_URL": "https://gitlab.example/voice/hotel/memories",
    "CI_COMMIT_SHA": SHA,
    "CI_PROJECT_DIR": "/builds/memories",
}


@pytest.mark.parametrize(
    ("environ", "root", "url"),
    [
        (GITHUB, "/home/runner/work/memories", f"https://github.com/hotel/memories/blob/{SHA}/specs/a%20b.yaml#L7"),
        (GITHUB, "/home/runner/work/memories/v", f"https://github.com/hotel/memories/blob/{SHA}/v/specs/a%20b.yaml#L7"),
        (GITLAB, "/builds/memories", f"https://gitlab.example/voice/hotel/memories/-/blob/{SHA}/specs/a%20b.yaml#L7"),
    ],
)
def test_the_variables_of_a_job_say_where_the_specs_can_be_read(environ: dict[str, str], root: str, url: str) -> None:
    links = source_links(environ, root)

    assert links is not None
    assert links.url(PlaceEntry("specs/a b.yaml", 7)) == url


@pytest.mark.parametrize(
    "changed",
    [
        {"GITHUB_SERVER_URL": "http://github.com"},
        {"GITHUB_SERVER_URL": "javascript:alert(1)//"},
        {"GITHUB_SERVER_URL": 'https://x"onclick="y'},
        {"GITHUB_REPOSITORY": "hotel"},
        {"GITHUB_REPOSITORY": 'a/b"><script>'},
        {"GITHUB_SHA": "main"},
        {"GITHUB_WORKSPACE": ""},
        {"GITHUB_WORKSPACE": "/home/runner/work/mem"},
    ],
)
def test_without_a_repository_that_is_known_there_are_no_links(changed: dict[str, str]) -> None:
    assert source_links({**GITHUB, **changed}, "/home/runner/work/memories") is None
    assert source_links({}, "/home") is None


@pytest.mark.parametrize("file", ["", "/etc/passwd", "../x", "a/../../x", "..", "."])
def test_a_file_outside_of_the_repository_has_no_link(file: str) -> None:
    assert SourceLinks("https://github.com/o/r/blob/1").url(PlaceEntry(file, 1)) == ""


def test_a_file_beside_the_project_has_one() -> None:
    links = SourceLinks("https://github.com/o/r/blob/1", "voice")

    assert links.url(PlaceEntry("../shared/#1.yaml", 0)) == "https://github.com/o/r/blob/1/shared/%231.yaml"
