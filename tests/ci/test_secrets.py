"""What the tool asks the runner to mask reaches the runner, and nobody else; `Runner.end` searches every run for it."""

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.ci.runner import KEY, MASK, PROJECT, SPEC, Runner

CARELESS = """
import sys
if "plan" in sys.argv:
    print("::add-mask::hush", file=sys.stderr)
    print("  ::add-mask::hush%25<hush>", file=sys.stderr)
    print("  ::add-mask::90%250A%250D", file=sys.stderr)
    print("error: the server knows neither hush nor hush%<hush> nor 90%0A%0D", file=sys.stderr)
    print("::warning::of hush", file=sys.stderr)
    sys.exit(1)
"""


def test_the_key_is_masked_in_the_log_and_is_not_part_of_what_a_failed_plan_says(runner: Runner) -> None:
    with running(create_app(Store(), Settings(key="another"))) as url:
        runner.write("reconciler.yaml", PROJECT.replace("http://127.0.0.1:1", url))
        ran = runner.run("preview", **{"environment": "live", "api-url": url})

    assert ran.code == 1
    assert MASK + KEY.replace("%", "%25") in ran.err.splitlines()
    [comment] = runner.github()["comments"]
    assert "the API answered 401" in comment["body"]
    assert "the API answered 401" in ran.summary


def test_secrets_of_specs_are_masked_and_shown_to_nobody(runner: Runner) -> None:
    runner.secrets["ACCOUNT"] = "<the account>\n50% off"
    runner.write("specs/support.yaml", SPEC.replace("premium", '"${env:ACCOUNT}"'))
    ran = runner.run("preview")

    assert ran.code == 0
    assert [line for line in ran.err.splitlines() if line.startswith(MASK)] == [
        "::add-mask::<the account>",
        "::add-mask::50%25 off",
    ]
    assert "(secret text, 9-32 characters" in runner.github()["comments"][0]["body"]


def test_a_secret_that_an_error_holds_is_left_out_of_comment_and_summary(runner: Runner) -> None:
    runner.replace_reconciler(CARELESS)
    ran = runner.run("preview")

    assert ran.code == 1
    [comment] = runner.github()["comments"]
    for shown in (comment["body"], ran.summary):
        assert "<pre>error: the server knows neither *** nor *** nor ***</pre>" in shown
        assert "hush" not in shown
        assert "::" not in shown


def test_what_the_tool_tells_the_runner_still_reaches_it(runner: Runner) -> None:
    runner.replace_reconciler(CARELESS)
    ran = runner.run("preview")

    assert [line for line in ran.err.splitlines() if line.lstrip().startswith("::")] == [
        "::add-mask::hush",
        "  ::add-mask::hush%25<hush>",
        "  ::add-mask::90%250A%250D",
        "::warning::of hush",
    ]


def test_no_token_of_the_runner_is_a_variable_of_the_tool(runner: Runner) -> None:
    runner.replace_reconciler("import os, sys\nprint('has', *sorted(os.environ), file=sys.stderr)\n")
    of_gh = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
    names = (*of_gh, "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    runner.secrets.update((name, f"a-{name}") for name in names)

    told = runner.run("apply").err
    assert told.startswith("has ")
    assert "TOKEN" not in told
