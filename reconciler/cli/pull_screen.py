"""How `pull` asks what becomes of each fact that drifted, and shows what it made of the specs."""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TextIO

import click

from reconciler.cli.here import file_here
from reconciler.cli.terminal import emit, is_operators_terminal, palette, remark, show_beside
from reconciler.core.model.masking import Masker
from reconciler.core.model.text import visible
from reconciler.core.plan.drift import Drift
from reconciler.render.output import Palette
from reconciler.render.words import counted, listed, shown
from reconciler.workflow.pulling import Choice, DriftedPlace
from reconciler.workflow.session import Session
from reconciler.workflow.spec_edits import Pulled

_ANSWERS: dict[str, Choice] = {"t": "take", "l": "leave", "s": "seed"}
_WORDS: dict[Choice, str] = {"take": "[t]ake the live value", "leave": "[l]eave it", "seed": "make it a [s]eed_fact"}
_WRITTEN = "the files are written"
_NOT_WRITTEN = "no file was written"


class PullScreen:
    """The terminal of one pull; `choice` is that for all facts, None to ask, and `refused` counts what stays."""

    def __init__(self, session: Session, choice: Choice | None, *, no_color: bool) -> None:
        self.refused = 0
        self._left = 0
        self._choice = choice
        self._session = session
        self._no_color = no_color

    def choose(self, places: Sequence[DriftedPlace]) -> list[tuple[DriftedPlace, Choice]]:
        """Return what becomes of each place that is changed, and say which are not, and why."""
        chosen = [(place, self._chosen(place)) for place in places]
        return [(place, choice) for place, choice in chosen if choice != "leave"]

    def show(self, chosen: Sequence[tuple[DriftedPlace, Choice]], pulled: Pulled, *, is_written: bool) -> None:
        """Print what changed, or would, by memory."""
        masker, colours = self._masker(sys.stdout), palette(sys.stdout, no_color=self._no_color)
        lines: list[str] = []
        for _, alike in groupby(chosen, key=lambda one: _memories(one[0])):
            changes = list(alike)
            lines.append(_memories(changes[0][0]))
            lines += (line for place, choice in changes for line in _change(place, choice, masker, colours))
        text = "\n".join([*lines, *([""] if lines else []), self._total(chosen, pulled, is_written=is_written)])
        emit(f"{text}\n", effect=_WRITTEN if is_written and chosen else _NOT_WRITTEN)
        if pulled.also:
            verb = "changes" if is_written else "would change"
            remark(f"note: this {verb} what {listed(list(map(visible, pulled.also)))} declares, too")

    def _chosen(self, place: DriftedPlace) -> Choice:
        choices = [one for one in _ANSWERS.values() if place.refusal(one) is None]
        if self._choice is not None or choices == ["leave"]:
            wanted = self._choice or "take"
            if wanted in choices:
                return wanted
            self._refuse(place, wanted)
            return "leave"
        return self._asked(place, choices)

    def _refuse(self, place: DriftedPlace, choice: Choice) -> None:
        refusal = place.refusal(choice)
        assert refusal is not None  # noqa: S101  see `_chosen`
        self.refused += 1
        where = f"{visible(place.source.file)}:{place.source.line}"
        remark(f"not pulled: {where}: {_addresses(place)}: {refusal.why}; {refusal.cure}")

    def _asked(self, place: DriftedPlace, choices: Sequence[Choice]) -> Choice:
        """Ask on the terminal; no answer leaves the fact as it is."""
        masker = self._masker(sys.stderr)
        where = f"{visible(file_here(place.source.file))}:{place.source.line}"
        also = f" (also read by {listed(list(map(visible, place.others)))})" if place.others else ""
        show_beside(f"{_addresses(place)}  {where}{also}")
        for name, before, after in _values(place.drifts[0], masker):
            show_beside(f"  {name}: declared {before}, live {after}")
        if place.no_take:
            show_beside(f"  cannot be taken: {place.no_take.why}")
        if place.no_seed:
            show_beside(f"  cannot be a seed_fact: {place.no_seed.why}")
        question = ", ".join(_WORDS[one] for one in choices)
        letters = [letter for letter, choice in _ANSWERS.items() if choice in choices]
        answer = click.prompt(
            question, type=click.Choice(letters, case_sensitive=False), default="l", show_choices=False, err=True
        )
        self._left += answer == "l"
        return _ANSWERS[answer]

    def _masker(self, stream: TextIO) -> Masker:
        return self._session.masker(reveal=is_operators_terminal(stream))

    def _total(self, chosen: Sequence[tuple[DriftedPlace, Choice]], pulled: Pulled, *, is_written: bool) -> str:
        if not chosen:
            drifts = "Nothing was pulled" if self.refused or self._left else "Nothing to pull"
            return f"{drifts} for {visible(self._session.account.environment.name)}."
        taken = sum(choice == "take" for _, choice in chosen)
        seeded = len(chosen) - taken
        parts = [f"{counted(taken, 'live value')} taken"] * bool(taken)
        parts += [f"{counted(seeded, 'fact')} made {'a seed_fact' if seeded == 1 else 'seed_facts'}"] * bool(seeded)
        files = listed([visible(file_here(file)) for file in sorted(pulled.drafts)])
        return f"{'Wrote' if is_written else 'Would write'} {files}: {listed(parts)}."


def _memories(place: DriftedPlace) -> str:
    """Return the memory that a place is for, with the number of others."""
    more = len(place.drifts) - 1
    others = f" and {counted(more, 'more memory', 'more memories')}" if more else ""
    return f"{visible(place.drifts[0].memory.address)}{others}"


def _change(place: DriftedPlace, choice: Choice, masker: Masker, colours: Palette) -> Iterator[str]:
    """Yield the lines of what changes at one place."""
    first = place.drifts[0]
    where = colours.faint(f"{visible(file_here(place.source.file))}:{place.source.line}")
    if choice == "seed":
        yield f"  {colours.update('~')} {visible(first.key)}: now a seed_fact  {where}"
        return
    for name, before, after in _values(first, masker):
        yield f"  {colours.update('~')} {name}: {before} → {after}  {where}"


def _values(drift: Drift, masker: Masker) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each part that drifted, and its declared and live value as they may be shown."""
    for change in drift.changes:
        name = visible(".".join(change.path))
        yield (
            name,
            shown(masker.declared(change.after, change.path)),
            shown(masker.former(change.before, change.after, change.path)),
        )


def _addresses(place: DriftedPlace) -> str:
    more = len(place.drifts) - 1
    return f"{visible(place.drifts[0].address)}{f' and {more:,} more' if more else ''}"
