from pathlib import Path

import pytest

from reconciler.core.model.masking import worded
from reconciler.core.model.settings import Rate
from reconciler.errors import InputError, SpecError
from reconciler.project import load_project


def problems(folder: Path, text: str) -> list[str]:
    (folder / "reconciler.yaml").write_text(text)
    with pytest.raises(SpecError) as caught:
        load_project(str(folder))
    return [str(worded(problem, reveal=False)) for problem in caught.value.problems]


def test_without_a_file_specs_are_read_for_the_account_of_the_key(tmp_path: Path) -> None:
    environment = load_project(str(tmp_path)).environment(None)

    assert (environment.name, environment.api, environment.specs) == ("default", None, ("specs",))
    assert environment.api_key_env == "BLAND_API_KEY"


def test_the_file_itself_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("version: 1\nenvironments: {a: {api: sandbox}}")

    assert load_project(str(tmp_path / "other.yaml")).root == tmp_path


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        load_project(str(tmp_path / "nowhere.yaml"))


def test_a_place_that_the_system_cannot_look_at_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: file name too long"):
        load_project(str(tmp_path / ("a" * 300)))


def test_an_environment_reads_the_shared_specs_and_its_own(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\nspecs: [a]\nenvironments: {e: {specs: [b]}}")

    assert load_project(str(tmp_path)).environment("e").specs == ("a", "b")


def test_a_rate_limit_is_read_and_there_is_none_by_default(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\nenvironments: {e: {rate_limit: 100/15m}, f: {}}")
    project = load_project(str(tmp_path))

    assert project.environment("e").rate_limit == Rate(100, 900)
    assert project.environment("f").rate_limit is None


def test_the_only_environment_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\nenvironments: {e: {}}")

    assert load_project(str(tmp_path)).environment(None).name == "e"


def test_with_several_environments_and_no_default_one_must_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\nenvironments: {e: {}, f: {}}")
    project = load_project(str(tmp_path))

    with pytest.raises(InputError, match=r"has no default_environment; add -e with one of: e, f"):
        project.environment(None)
    with pytest.raises(InputError, match='no environment "production"'):
        project.environment("production")


def test_of_many_environments_the_first_are_named(tmp_path: Path) -> None:
    names = ", ".join(f"e{at}: {{}}" for at in range(1, 31))
    (tmp_path / "reconciler.yaml").write_text(f"version: 1\nenvironments: {{{names}}}")

    with pytest.raises(InputError, match=r"with one of: e1, e10, .*, e27 and 10 more$"):
        load_project(str(tmp_path)).environment(None)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("version: 2\nenvironments: {e: {}}", "1:10 version", "1"),
        ("environments: {e: {}}", "version", "this key is missing; write `version: 1`"),
        ("version: 2\nenvironments: {e: {}}", "1:10 version", "1 is expected, not the number 2; write `version: 1`"),
        ('version: "1"\nenvironments: {e: {}}', "1:10 version", 'not the text "1"; write `version: 1`'),
        ("version: 1", "1:1 environments", "is missing; write `environments: {sandbox: {api: sandbox}}`"),
        (
            "version: 1\nenvironments: {}",
            "2:1 environments",
            "there is no environment; add one, such as",
        ),
        (
            "version: 1\nenvironments: {e: {expect_account: {contact_id: ../x}}}",
            "2:49 environments.e.expect_account.contact_id",
            "the account's ids hold no slash",
        ),
        ("version: 1\nenvironmets: {e: {}}", "2:1 environmets", 'did you mean "environments"'),
        ("version: 1\nenvironments: {e: {api: ftp://x}}", "2:25 environments.e.api", "https://api.bland.ai"),
        ("version: 1\nenvironments: {e: {api: 'https://me:pw@x'}}", "2:25", "leave out user, password"),
        ("version: 1\nenvironments: {e: {api: 'http://x.co'}}", "2:25", "the key would be sent in the open"),
        (
            "version: 1\nenvironments: {e: {url: 'https://x.co'}}",
            "2:20",
            "unknown key; known here: api, api_key",
        ),
        ("version: 1\nenvironments: {e: {concurrency: 0}}", "2:33", "at least 1"),
        ("version: 1\nenvironments: {e: {}}\ndefault_environment: f", "3:22 default_environment", "no environment"),
        ("version: 1\nenvironments: {e: {rate_limit: 100/15}}", "2:32 environments.e.rate_limit", "such as 100/15m"),
        ("version: 1\nenvironments: {e: {rate_limit: 100}}", "2:32 environments.e.rate_limit", "such as 100/15m"),
        ("version: 1\nenvironments: {e: {rate_limit: 1.5}}", "2:32 environments.e.rate_limit", "such as 100/15m"),
        ("version: 1\nenvironments: {e: {rate_limit: [1]}}", "2:32 environments.e.rate_limit", "text is expected"),
        ("- a", "1:1", "mapping"),
        ("", "1:1", "one document is expected"),
        ("version: 1\n---\nversion: 1", "1:1", "one document is expected"),
        ("version: [", "", ""),
    ],
)
def test_a_bad_file_is_told_with_its_place_and_the_cure(tmp_path: Path, text: str, place: str, message: str) -> None:
    found = "\n".join(problems(tmp_path, text))

    assert found.startswith("reconciler.yaml:")
    assert place in found
    assert message in found


def test_a_key_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    found = "\n".join(problems(tmp_path, "version: 1\nenvironments: {e: {api_key_env: sk-5a17-secret}}"))

    assert "not the name of an environment variable" in found
    assert "5a17" not in found


@pytest.mark.parametrize("key", ["api_key", "apiKey", "API-KEY", "key", "token", "bland_api_key"])
@pytest.mark.parametrize("file", ["version: 1\nenvironments: {e: {%s}}", "version: 1\nenvironments: {e: {}}\n%s"])
def test_a_key_under_a_key_of_its_own_is_led_out_of_the_file(tmp_path: Path, file: str, key: str) -> None:
    found = "\n".join(problems(tmp_path, file % f"{key}: org_5a17"))

    assert "take the key out of this file" in found
    assert "api_key_env in the environment" in found
    assert "5a17" not in found


def test_a_mistyped_name_of_the_variable_is_still_a_typo(tmp_path: Path) -> None:
    assert 'did you mean "api_key_env"' in problems(tmp_path, "version: 1\nenvironments: {e: {api_key_en: KEY}}")[0]


def test_variables_of_an_environment_win_over_those_of_all(tmp_path: Path) -> None:
    text = "version: 1\nvariables: {a: 1, b: x}\nenvironments:\n  e:\n    variables: {b: true}\n    overlays: [o, p]\n"
    (tmp_path / "reconciler.yaml").write_text(text)

    environment = load_project(str(tmp_path)).environment("e")

    assert {name: (one.value, str(one.source)) for name, one in environment.variables.items()} == {
        "a": (1, "reconciler.yaml:2:13"),
        "b": (True, "reconciler.yaml:5:17"),
    }
    assert environment.overlays == ("o", "p")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ("{a: [1]}", "variables.a: text, a number, true or false is expected, not a list; write lists and mappings"),
        ("{a: null}", "not nothing (null)"),
        ("{a: '${b}'}", "a variable holds a plain value, and references nothing; write the reference where it is"),
        ("{a b: 1}", 'variables["a b"]: the text "a b" is not a name; use a-z, A-Z'),
        ("{'env:A': 1}", "is not a name"),
        ("[]", "variables: a mapping is expected, not a list"),
    ],
)
def test_variables_that_are_none_are_told_at_their_place(tmp_path: Path, variables: str, message: str) -> None:
    (line,) = problems(tmp_path, f"version: 1\nenvironments:\n  e: {{}}\nvariables: {variables}\n")

    assert line.startswith("reconciler.yaml:4:")
    assert message in line


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("expect_account:", "expect_account"),
        ("guards:", "guards"),
        ("guards: {max_changes: }", "guards.max_changes"),
        ("rate_limit:", "rate_limit"),
    ],
)
def test_a_key_without_a_value_is_refused_since_what_it_guards_would_be_off(
    tmp_path: Path, written: str, address: str
) -> None:
    found = problems(tmp_path, f"version: 1\nenvironments:\n  e:\n    api: sandbox\n    {written}\n")

    assert [line for line in found if f"environments.e.{address}: a value is missing" in line] == found
    assert len(found) == 1
