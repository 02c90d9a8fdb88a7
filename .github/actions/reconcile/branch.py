"""The one pull request of an environment: a branch of one commit, made anew as the drift changes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from gh import Gh, sha_of, text_of
from marked import Marker
from settings import Settings
from texts import marker_name


@dataclass(frozen=True, slots=True)
class Change:
    """
    A title, a body, and the files that change above a commit and its tree: mode and text by name.

    There are no files where nothing drifted.
    """

    title: str
    body: str
    files: Mapping[str, tuple[str, str]]
    commit: str
    tree: str

    @property
    def identifier(self) -> str:
        """Return what is the same for the same files."""
        told = json.dumps(sorted(self.files.items())).encode()
        return f"sha256:{hashlib.sha256(told).hexdigest()}"


def keep_pull_request(settings: Settings, change: Change) -> str:
    """
    Make the pull request hold the change, and give what was done in words; raises `GhError`.

    While the files stay the same nothing is touched, so a pull request that somebody closed stays closed until the
    drift is another. A branch that somebody else changed is left alone.
    """
    github = Gh(settings.repository)
    name = f"reconciler/drift-{marker_name(settings.environment)}"
    marker = Marker(settings.environment, "pull")
    owner = settings.repository.partition("/")[0]
    ours = marker.newest(github, github.all_of(f"pulls?head={owner}:{name}&state=all"))
    is_open = ours is not None and text_of(ours, "state") == "open"
    if not change.files:
        if ours is None or not is_open:
            return "none is needed"
        github.send("PATCH", f"pulls/{ours['number']}", {"state": "closed"})
        return "closed, since nothing drifts"
    was_refused = ours is not None and not is_open and not ours.get("merged_at")
    if ours and marker.id_in(ours) == change.identifier and (is_open or was_refused):
        return "unchanged" if is_open else "closed by somebody, and left so"
    if not _push(github, settings, name, change):
        return f"left alone, since others changed {name}"
    content = {"title": change.title, "body": marker.body(change.identifier, change.body)}
    if ours is not None and is_open:
        github.send("PATCH", f"pulls/{ours['number']}", content)
        return "updated"
    github.send("POST", "pulls", {**content, "head": name, "base": settings.branch})
    return "opened"


def _push(github: Gh, settings: Settings, name: str, change: Change) -> bool:
    """Put the branch on one new commit above the one that was checked out; False where others changed it."""
    wanted = f"refs/heads/{name}"
    tips = [one for one in github.all_of(f"git/matching-refs/heads/{name}") if one.get("ref") == wanted]
    for tip in tips:
        commit = github.one(f"git/commits/{sha_of(tip, 'object')}")
        if _trailer(settings, sha_of(commit, "tree")) not in text_of(commit, "message").splitlines():
            return False
    entries = [
        {"path": path, "mode": mode, "type": "blob", "content": text}
        for path, (mode, text) in sorted(change.files.items())
    ]
    tree = sha_of(github.send("POST", "git/trees", {"base_tree": change.tree, "tree": entries}))
    message = f"{change.title}\n\n{_trailer(settings, tree)}\n"
    commit = github.send("POST", "git/commits", {"message": message, "tree": tree, "parents": [change.commit]})
    if tips:
        github.send("PATCH", f"git/{wanted}", {"sha": sha_of(commit), "force": True})
    else:
        github.send("POST", "git/refs", {"ref": wanted, "sha": sha_of(commit)})
    return True


def _trailer(settings: Settings, tree: str) -> str:
    """Return what marks a commit as made here; it names the tree, so that an amended commit no longer fits."""
    return f"Reconciler-Drift: {settings.environment} {tree}"
