"""All problems in the specs, each once and at its address, collected so that one run reports everything."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from reconciler.core.model.address import fact_address, user_address
from reconciler.core.model.masking import Message, compose, quote, words_of
from reconciler.core.model.references import meant_key
from reconciler.core.model.value import Json, is_list
from reconciler.errors import Problem, Source
from reconciler.reading import KeyPath, Node, ParsedFile, SpecFile, dotted
from reconciler.reading.anchors import MOST_PROBLEMS

FACTS = frozenset(("facts", "seed_facts"))


def spec_address(path: KeyPath, document: Json = None) -> str:
    """
    Return the address of what a path points to.

    A fact has one address, whichever layer declares it. A user has the address of the phone number in the document.
    """
    owner, rest = split(path)
    match rest:
        case (str(section), str(key), *deeper) if section in FACTS:
            return fact_address(dotted(owner), key) + _below(*deeper)
        case ("users", int(index), *deeper):
            phone_number = _found(document, (*owner, "users", index, "phone_number"))
            known = isinstance(phone_number, str) and phone_number
            return user_address(dotted(owner), known) + _below(*deeper) if known else dotted(path)
        case _:
            return dotted(path)


def fact_of(path: KeyPath) -> KeyPath | None:
    """Return the part of a path that points to a fact, declared or made of rows; None if it points to no fact."""
    owner = len(split(path)[0])
    if path[:1] == ("contacts_from",):
        owner = 5 if path[3:4] == ("scopes",) else 3
    is_fact = len(path) > owner + 1 and path[owner] in FACTS
    return path[: owner + 2] if is_fact else None


def split(path: KeyPath) -> tuple[KeyPath, KeyPath]:
    """Split a path behind the name of its declaration: a contact may be called `facts`, so its name is not examined."""
    owner = 4 if path[:1] == ("contacts",) and path[2:3] == ("scopes",) else 2
    return path[:owner], path[owner:]


def facts_in(value: Json, path: KeyPath = ()) -> Iterator[tuple[str, Json]]:
    """Yield the key and the value of each fact of a document, and of each that it makes of rows, as written."""
    if fact := fact_of(path):
        yield meant_key(str(fact[-1])), value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from facts_in(below, (*path, key))
    elif is_list(value):
        for index, below in enumerate(value):
            yield from facts_in(below, (*path, index))


def _below(*steps: str | int) -> str:
    written = dotted(steps)
    return f".{written}" if written and not written.startswith("[") else written


def _found(document: Json, path: KeyPath) -> Json:
    for step in path:
        match document:
            case dict() if step in document:
                document = document[str(step)]
            case list() if isinstance(step, int):
                document = document[step]
            case _:
                return None
    return document


MOST_IN_DATA = 100
"""The most problems of a data file that are reported, beside the first of each kind; the others are counted."""

MOST_KINDS = 20
"""The most kinds of problems in a data file whose first problem is always reported."""

MOST_KEPT = 10_000
"""The most problems of data files that are kept for a table of problems, beside those that are reported."""

MOST_AT_A_PLACE = 100
"""Of the problems at one place of a spec, which each of many rows can have in its own way."""

_FACT = re.compile(r'\.(?:seed_)?facts(?:\.([A-Za-z0-9_-]+)|\[("(?:\\.|[^"\\])*")\])')
_CONTACT = re.compile(r'contacts(\.[A-Za-z0-9_-]+|\["(\\.|[^"\\])*"\])')


class Problems:
    """
    The problems found so far.

    One mistake in a spec can affect many contacts: every row of a data file, every use of an anchor. It is reported for
    the first contact, and the others are counted.
    """

    def __init__(self) -> None:
        self._first: dict[Problem, Problem] = {}
        self._others: dict[Problem, set[str]] = {}
        self._kept: dict[Problem, None] = {}
        self._in_data: set[str] = set()
        self._withheld: set[str] = set()
        self._unread: set[str] = set()
        self._hidden: set[str] = set()
        self._hides_all = False
        self._cut_short: set[str] = set()
        self._columns: dict[str, Sequence[str]] = {}
        self._counts: dict[Source, int] = {}
        self._kinds: dict[str, set[tuple[str, str, str]]] = {}
        self._firsts: Counter[Source] = Counter()
        self._surplus: dict[str, int] = {}

    @property
    def found(self) -> tuple[Problem, ...]:
        """Return all problems found."""
        return (*map(self.discreet, map(self._with_count, self._first)), *self._more())

    @property
    def every(self) -> tuple[Problem, ...]:
        """Return all problems found, and those that are only counted among them, as far as they are kept."""
        first, kept = map(self.discreet, map(self._with_count, self._first)), map(self.discreet, self._kept)
        return (*first, *kept, *self._more(Counter(problem.file for problem in self._kept)))

    def bound(self, file: str) -> None:
        """Keep no more than the first `MOST_IN_DATA` problems of a file from now on."""
        self._in_data.add(file)

    def cut_short(self, file: str) -> None:
        """Record that a data file is not read further, so that it may have more problems than are counted."""
        self._cut_short.add(file)

    def withhold(self, file: str) -> None:
        """Mark the values of a file as the operator's alone, because they came from an account."""
        self._withheld.add(file)

    def hide(self, keys: Iterable[str]) -> None:
        """Mark the values of facts with these keys as the operator's alone; those of a broken file are, too."""
        self._hidden.update(keys)

    def break_off(self, file: str, *, hides: bool) -> None:
        """Record that a file could not be read to its end; `hides` if it may declare which facts are sensitive."""
        self._unread.add(file)
        self._hides_all = self._hides_all or hides

    def withholds(self, file: str, *documents: Json) -> bool:
        """Return whether a file, with these documents, has values that only the operator may see."""
        facts = (fact for one in documents for fact in facts_in(one)) if self._hidden else ()
        return file in self._withheld or self._hides_all or any(key in self._hidden for key, _ in facts)

    def hides(self, path: KeyPath) -> bool:
        """Return whether a path points to a fact whose values only the operator may see, or to a part of one."""
        fact = fact_of(path)
        return self._hides_all or (fact is not None and meant_key(str(fact[-1])) in self._hidden)

    def name_columns(self, file: str, names: Sequence[str]) -> None:
        """Set the columns of a data file, so that a problem at a cell names its column."""
        self._columns[file] = names

    def take(self, problems: Iterable[Problem]) -> None:
        """Add problems."""
        for problem in problems:
            alike = replace(problem, address=_CONTACT.sub("contacts", problem.address, count=1))
            if alike in self._first:
                if problem.address != self._first[alike].address:
                    self._others.setdefault(alike, set()).add(problem.address)
            elif self._has_room(problem):
                self._first[alike] = problem
            elif problem.file in self._in_data and len(self._kept) < MOST_KEPT:
                self._kept[problem] = None

    def add(self, source: Source, address: str | KeyPath, *, message: str, cure: str) -> None:
        """Add a problem at a place; `address` may be a path in the file."""
        where = address if isinstance(address, str) else spec_address(address)
        column = self._column(source)
        text = compose("{} ({})", message, column) if column else message
        self.take([source.problem(where, text, cure)])

    def _column(self, source: Source) -> Message | None:
        names = self._columns.get(source.file, ())
        return compose("column {}", quote(names[source.column - 1])) if 0 < source.column <= len(names) else None

    def _has_room(self, problem: Problem) -> bool:
        """Count a problem where there can be too many of them: in its data file, at its place, or in all."""
        in_data = problem.file in self._in_data
        if not in_data and len(self._first) >= MOST_PROBLEMS:
            self._surplus[problem.file] = self._surplus.get(problem.file, 0) + 1
            return False
        where = Source(problem.file) if in_data else problem.source
        self._counts[where] = self._counts.get(where, 0) + 1
        is_first = in_data and self._is_first_of_kind(problem)
        if self._counts[where] <= (MOST_IN_DATA if in_data else MOST_AT_A_PLACE):
            return True
        self._firsts[where] += is_first
        return is_first

    def _is_first_of_kind(self, problem: Problem) -> bool:
        """Return whether a problem is the first of its kind in its data file; beyond `MOST_KINDS`, none is."""
        kinds = self._kinds.setdefault(problem.file, set())
        before = len(kinds)
        if before < MOST_KINDS:
            kinds.add(words_of(problem))
        return len(kinds) > before

    def discreet(self, problem: Problem) -> Problem:
        """Return a problem that is marked `withheld` if only the operator may see its values."""
        is_broken = bool(self._hidden) and problem.file in self._unread
        withheld = problem.file in self._withheld or self._hides_all or is_broken or self._is_of_hidden(problem)
        return replace(problem, withheld=True) if withheld else problem

    def _is_of_hidden(self, problem: Problem) -> bool:
        """Return whether a problem is about a fact that is hidden, or a part of one."""
        found = (plain or json.loads(text) for plain, text in _FACT.findall(problem.address)) if self._hidden else ()
        return not self._hidden.isdisjoint(map(meant_key, found))

    def _with_count(self, alike: Problem) -> Problem:
        problem, others = self._first[alike], len(self._others.get(alike, ()))
        if not others:
            return problem
        also = f"{others:,} other {'contact' if others == 1 else 'contacts'}"
        return replace(problem, message=compose("{} (also of {})", problem.message, also))

    def _more(self, kept: Mapping[str, int] = MappingProxyType({})) -> Iterator[Problem]:
        """Count the problems that are not named, in each file beside so many that are `kept`."""
        for where, count in self._counts.items():
            most = MOST_AT_A_PLACE if where.line else MOST_IN_DATA + self._firsts[where] + kept.get(where.file, 0)
            if count > most:
                least = "at least " if where.file in self._cut_short else ""
                problems = "problem" if count - most == 1 else "problems"
                message = f"{least}{count - most:,} more {problems} {'at this place' if where.line else 'in this file'}"
                cure = f"fix the first {most:,} and run it again"
                if not where.line and not kept:
                    cure = "fix those that are named, or list all with `reconciler validate --write csv=FILE`"
                yield where.problem("", message, cure)
        for file, count in self._surplus.items():
            message = f"{count:,} more {'problem' if count == 1 else 'problems'} in this file"
            yield Source(file).problem("", message, "fix the others and run it again")


UNDO = "undo"
"""The key of the first document of an undo file."""

_MARKER = "live_values"
_SENSITIVE = "sensitive"


def is_marked_live(document: Json) -> bool:
    """Return whether a document declares that its values are live; any marker but `false` does."""
    return isinstance(document, dict) and document.get(_MARKER, False) is not False


def sensitive_names(document: Json) -> Iterator[str]:
    """Yield the keys of facts that a document calls sensitive, valid or not; any value but `false` does."""
    catalogue = document.get("fact_keys") if isinstance(document, dict) else None
    for name, rules in catalogue.items() if isinstance(catalogue, dict) else ():
        if isinstance(rules, dict) and rules.get(_SENSITIVE, False) is not False:
            yield meant_key(name)


def is_undo(parsed: ParsedFile) -> bool:
    """Return whether a file is one that `apply --save-undo` wrote."""
    return any(isinstance(one.value, dict) and UNDO in one.value for one in parsed.documents)


def take_problems(parsed: ParsedFile, file: SpecFile, problems: Problems) -> None:
    """Add the problems of a file, and learn from it which values only the operator may see."""
    problems.take(parsed.problems)
    learn(parsed, file, problems)


def learn(parsed: ParsedFile, file: SpecFile, problems: Problems) -> None:
    """Learn from a file which values only the operator may see, in problems found before and after."""
    for one in parsed.documents:
        problems.hide(sensitive_names(one.value))
    is_live = any(is_marked_live(one.value) for one in parsed.documents)
    if is_live or (parsed.problems and _MARKER.encode() in parsed.data):
        problems.withhold(file.name)
    if not parsed.is_complete:
        problems.break_off(file.name, hides=not parsed.data or _SENSITIVE.encode() in parsed.data)


def spec_documents(parsed: ParsedFile, file: SpecFile, problems: Problems) -> Sequence[Node]:
    """Add the problems of a spec file, and return its documents; an undo file is a problem and has none."""
    take_problems(parsed, file, problems)
    if not is_undo(parsed):
        return parsed.documents
    problems.add(
        Source(file.name, 1, 1),
        "",
        message="this is an undo file, which `apply --save-undo` wrote, and no spec",
        cure="move it out of the specs; `reconciler undo FILE` applies it",
    )
    return ()
