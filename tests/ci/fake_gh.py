"""
A `gh` that keeps what GitHub would in a JSON file: `gh api` for the calls that the action makes, and no others.

The file holds `viewer`, `comments`, `issues`, `pulls`, `refs`, `commits`, `trees`, `refuse` (calls that are answered
with a status, as `POST issues`), and `calls` and `sent`, to which every call and every body is added. `says` is what a
refusal says; `{token}` in it stands for the token. Listings have two items a page, and pages are written one after the
other.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

_REPOSITORY = "repos/acme/agents/"
_STATE = Path(os.environ.get("FAKE_GH_STATE", ""))


def _refused(status: int, message: str) -> int:
    sys.stderr.write(f"gh: {message} (HTTP {status})\n".format(token=os.environ.get("GH_TOKEN")))
    return 1


def _pages(items: list[dict[str, Any]]) -> str:
    pages = [items[start : start + 2] for start in range(0, len(items), 2)] or [[]]
    return "".join(json.dumps(page) for page in pages)


def _author(state: dict[str, Any]) -> dict[str, str]:
    return {"login": state["viewer"]}


def _get(state: dict[str, Any], path: str) -> str | None:
    if path == "issues/7/comments?per_page=100":
        return _pages(state["comments"])
    if head := re.fullmatch(r"pulls\?head=acme:(\S+)&state=all&per_page=100", path):
        return _pages([one for one in state["pulls"] if one.get("head") in {head[1], None}])
    if path.startswith("git/matching-refs/"):
        start = path.replace("git/matching-refs/", "refs/").partition("?")[0]
        tips = {ref: sha for ref, sha in state["refs"].items() if ref.startswith(start)}
        return _pages([{"ref": ref, "object": {"sha": sha}} for ref, sha in tips.items()])
    if path.startswith("git/commits/"):
        return json.dumps(state["commits"].get(path.rpartition("/")[2]))
    if path == "issues?labels=reconciler-drift&state=all&per_page=100":
        return _pages([issue for issue in state["issues"] if "reconciler-drift" in issue["labels"]])
    return None


def _post(state: dict[str, Any], path: str, body: dict[str, Any]) -> str | None:
    if path == "issues/7/comments":
        made = {"id": 100 + len(state["comments"]), "user": _author(state), **body}
        state["comments"].append(made)
    elif path == "issues":
        made = {"number": 1 + len(state["issues"]), "state": "open", "user": _author(state), **body}
        state["issues"].append(made)
    elif path == "pulls":
        made = {"number": 1 + len(state["pulls"]), "state": "open", "user": _author(state), "merged_at": None, **body}
        state["pulls"].append(made)
    elif path == "git/refs":
        made = body
        state["refs"][body["ref"]] = body["sha"]
    elif path in {"git/trees", "git/commits"}:
        kind = path.rpartition("/")[2]
        made = {"sha": f"{kind}-{1 + len(state[kind])}", **body}
        state[kind][made["sha"]] = {**body, "tree": {"sha": body["tree"]}} if kind == "commits" else body
    else:
        return None
    return json.dumps(made)


def _patch(state: dict[str, Any], path: str, body: dict[str, Any]) -> str | None:
    kind, _, number = path.rpartition("/")
    if (ref := path.removeprefix("git/")) in state["refs"]:
        assert body["force"] is True
        state["refs"][ref] = body["sha"]
        return json.dumps({"ref": ref})
    name = {"issues/comments": "comments", "issues": "issues", "pulls": "pulls"}.get(kind)
    key = "id" if name == "comments" else "number"
    for item in state[name] if name else []:
        if item and str(item.get(key)) == number:
            item.update(body)
            return json.dumps(item)
    return None


def _answer(state: dict[str, Any], arguments: list[str]) -> tuple[str, str | None]:
    """Give the call in short, and what it answers; None for a call that there is not."""
    match arguments:
        case ["graphql", "-f", "query={viewer{login}}"]:
            return "viewer", json.dumps({"data": {"viewer": {"login": state["viewer"]}}})
        case ["--paginate", path] if path.startswith(_REPOSITORY):
            path = path.removeprefix(_REPOSITORY)
            return f"GET {re.sub('[?].*', '', path)}", _get(state, path)
        case [path] if path.startswith(_REPOSITORY):
            path = path.removeprefix(_REPOSITORY)
            return f"GET {path}", _get(state, path)
        case ["--method", ("POST" | "PATCH") as method, path, "--input", "-"] if path.startswith(_REPOSITORY):
            path = path.removeprefix(_REPOSITORY)
            call = f"{method} {path}"
            if call in state["refuse"]:
                return call, ""
            answer = {"POST": _post, "PATCH": _patch}[method]
            body = json.load(sys.stdin)
            state["sent"].append(body)
            return call, answer(state, path, body)
    return "unknown", None


def main() -> int:
    """Answer one call."""
    state = json.loads(_STATE.read_text(encoding="utf-8"))
    if not os.environ.get("GH_TOKEN"):
        return _refused(401, "set the GH_TOKEN environment variable")
    if sys.argv[1] != "api":
        return _refused(404, f"unknown call {sys.argv[1:]}")
    call, answer = _answer(state, sys.argv[2:])
    state["calls"].append(call)
    refused = state["refuse"].get(call)
    _STATE.write_text(json.dumps(state), encoding="utf-8")
    if refused:
        return _refused(refused, state.get("says", "Resource not accessible by integration"))
    if answer is None:
        return _refused(404, f"unknown call {sys.argv[1:]}")
    sys.stdout.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
