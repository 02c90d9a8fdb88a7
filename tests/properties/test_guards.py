"""What a guard refuses is not written, whatever is declared and whatever is live."""

import json
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.main import main
from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.effort import examples
from tests.properties.worlds import World, live_account, worlds, write_specs


def called(folder: str, url: str, *arguments: str) -> tuple[int, str]:
    out = StringIO()
    with patch.dict("os.environ", {"BLAND_API_KEY": "k"}), redirect_stdout(out), redirect_stderr(StringIO()):
        code = main(["--project", folder, *arguments, "--api-url", url])
    return code, out.getvalue()


def changes(plan: dict[str, Any]) -> int:
    """Count the changes apart from the tool: each certain operation, or each fact of one."""
    facts = [
        len({fact["key"] for fact in operation["facts"]}) if operation["type"] == "write_facts" else 1
        for operation in plan["operations"]
        if operation["certain"]
    ]
    return sum(facts)


@examples(25)
@given(world=worlds(), seeds_only=st.booleans())
def test_an_apply_beyond_max_changes_writes_nothing_and_one_within_it_is_done(
    world: World, *, seeds_only: bool
) -> None:
    possible = world.by_id_alone if seeds_only else world.possible
    store = Store()
    store.load(live_account(possible))
    app = create_app(store, Settings(seeds_only=seeds_only))
    with tempfile.TemporaryDirectory() as folder, running(app) as url:
        write_specs(possible, Path(folder, "specs").parent, Random(0))  # noqa: S311  repeatable is the point
        plan = json.loads(called(folder, url, "plan", "--format", "json")[1])
        limits = [str(changes(plan) - 1), str(changes(plan))] if changes(plan) else ["0"]
        planned = [called(folder, url, "plan", "--max-changes", limit)[0] for limit in limits]
        applied, written = [], []
        for limit in limits:
            applied.append(called(folder, url, "apply", "--yes", "--max-changes", limit)[0])
            written.append(sum(entry.mutates for entry in app.state.log))

    assert planned == applied == ([4, 0] if changes(plan) else [0])
    assert written[:-1] == [0] * (len(limits) - 1)
    assert written[-1] >= len(plan["operations"])
