"""The texts of an environment's spec files: where a fact stands in them, and what they are after edits."""

import os
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence

from msgspec import Struct

from reconciler.core.model.references import escaped
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import Path
from reconciler.errors import InputError, Source, StateError
from reconciler.project import Environment, Project
from reconciler.reading import SpecFile, edited, find_files
from reconciler.reading.entries import Found, Tree
from reconciler.reading.places import Edit, KeyPath, Lines
from reconciler.reading.rewriting import line_end_of, move_edits, value_edits
from reconciler.render.words import listed
from reconciler.specs.spec_files import find_overlays
from reconciler.storage.files import check_rewritable, rewrite_file

_NAMES = ("facts", "seed_facts")
_LAYERS = frozenset((("scopes", 4), ("contacts", 4), ("contacts", 6)))
"""What the path of a declared fact starts with, and its length: at a scope, a contact, or a contact's memory."""


class FactPlace(Struct, frozen=True, eq=False):
    """A fact in a spec file."""

    file: str
    found: Found

    @property
    def is_shared(self) -> bool:
        """Return whether an alias repeats it."""
        return self.found.entry.key.is_shared or self.found.entry.value.is_shared


class SpecTexts:
    """The spec files and overlays of an environment as they are now."""

    def __init__(self, project: Project, environment: Environment) -> None:
        self._files = _files_of(project, environment)
        others = (one for one in project.environments if one.name != environment.name)
        self._others = {
            one.name: {_real(file): file.name for file in _files_of(project, one).values()} for one in others
        }
        self._data: dict[str, bytes] = {}
        self._trees: dict[str, tuple[Tree, Lines]] = {}

    def place(self, source: Source) -> FactPlace | None:
        """Return the declared fact whose key is at a place; None where none is, as in a table."""
        if source.file not in self._files:
            return None
        tree, lines = self._tree(source.file)
        found = tree.by_offset.get(lines.offset(source))
        is_fact = found and (found.path[0], len(found.path)) in _LAYERS and found.path[-2] in _NAMES
        return FactPlace(source.file, found) if found and is_fact else None

    def part(self, place: FactPlace, path: Path) -> Found | None:
        """Return a part of a fact by its path below the fact's key; None where it stands behind an alias."""
        steps = tuple(str(escaped(step)) for step in path)
        return self._tree(place.file)[0].by_path.get((place.found.document, (*place.found.path, *steps)))

    def value_edits(self, place: FactPlace, path: Path, value: Json) -> list[Edit]:
        """Return the edits that give a part of a fact a live value; raises `NoEditError`."""
        found = self.part(place, path)
        assert found is not None  # noqa: S101  who asks has looked
        return list(value_edits(self._tree(place.file)[0], found, escaped(value)))

    def seed_edits(self, places: Sequence[FactPlace]) -> list[Edit]:
        """Return the edits that make facts of one mapping `seed_facts`; raises `NoEditError`."""
        first = places[0]
        owner, keys = first.found.path[:-2], {str(place.found.path[-1]) for place in places}
        return move_edits(self._tree(first.file)[0], first.found.document, owner, keys, names=_NAMES)

    def others_reading(self, file: str) -> tuple[str, ...]:
        """Return the other environments that read a file, through a link with another name, too."""
        if file not in self._files:  # a table
            return ()
        real = _real(self._files[file])
        return tuple(name for name, files in self._others.items() if real in files)

    def drafts_in(self, environment: str, drafts: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Return the drafts of the files that another environment reads, by the names that they have there."""
        names = self._others[environment]
        found = ((names.get(_real(self._files[file])), draft) for file, draft in drafts.items())
        return {name: draft for name, draft in found if name is not None}

    def data(self, file: str) -> bytes:
        """Return the bytes of a file as it was read first."""
        if file not in self._data:
            self._data[file] = self._files[file].path.read_bytes()
        return self._data[file]

    def drafts(self, edits: Mapping[str, Sequence[Edit]], seeds: Sequence[FactPlace]) -> Mapping[str, bytes]:
        """Return the bytes of the files with these edits made, and then with these facts as seed_facts."""
        drafts: dict[str, bytes] = {}
        for file in dict.fromkeys([*edits, *(seed.file for seed in seeds)]):
            text = edited(self._tree(file)[0].text, tuple(dict.fromkeys(edits.get(file, ()))))
            text = _seeded(text, [seed for seed in seeds if seed.file == file])
            drafts[file] = text.encode("utf-8-sig" if self.data(file).startswith(BOM_UTF8) else "utf-8")
        return drafts

    def write(self, drafts: Mapping[str, bytes]) -> None:
        """
        Replace the files by their drafts, each whole; raises `InputError` where one is another by now.

        Raises `StateError` for a file that cannot be written, with the names of those that are written already.
        """
        for file in drafts:
            check_rewritable(self._files[file].path)
            if self._files[file].path.read_bytes() != self.data(file):
                raise InputError(f"{file} changed while this ran, and nothing was written; run it again")
        written: list[str] = []
        for file, draft in drafts.items():
            try:
                rewrite_file(self._files[file].path, draft.decode())
            except StateError as error:
                if not written:
                    raise
                verb = "is" if len(written) == 1 else "are"
                raise StateError(f"{error}; {listed(written)} {verb} written: run it again for the rest") from error
            written.append(file)

    def _tree(self, file: str) -> tuple[Tree, Lines]:
        if file not in self._trees:
            text = self.data(file).decode("utf-8-sig")
            self._trees[file] = Tree(text), Lines(file, text)
        return self._trees[file]


def _real(file: SpecFile) -> str:
    """Return the path of a file behind all links: environments may read it by different names."""
    return os.path.realpath(file.path)


def _files_of(project: Project, environment: Environment) -> Mapping[str, SpecFile]:
    """Return the spec files and overlays of an environment, by name."""
    found = find_files(environment.specs, root=project.root).files
    overlays = find_overlays(environment.overlays, root=project.root).files
    return {file.name: file for file in (*found, *overlays)}


def _seeded(text: str, seeds: Sequence[FactPlace]) -> str:
    """Return a text in which facts are seed_facts; they are found by their paths, whatever was edited before."""
    if not seeds:
        return text
    is_whole = text.endswith("\n")
    whole = text if is_whole else f"{text}{line_end_of(text)}"
    tree, edits = Tree(whole), list[Edit]()
    owners: dict[tuple[int, KeyPath], set[str]] = {}
    for seed in seeds:
        owners.setdefault((seed.found.document, seed.found.path[:-2]), set()).add(str(seed.found.path[-1]))
    for (document, owner), keys in owners.items():
        edits += move_edits(tree, document, owner, keys, names=_NAMES)
    made = edited(whole, edits)
    return made if is_whole else made.removesuffix(line_end_of(text))
