"""Patterns of words, and a table that finds all that occur in a text at once.

A pattern is plain text in lower case. ``{name}`` stands for any word of a list, `` .. `` for up to :data:`GAP` characters, a
blank beside a ``{name}`` for up to :data:`NEAR` of them. What begins with a letter or digit has to begin a word.

No regular expression is made of a pattern, so none can run away: a text is cut into runs of four characters once, only pieces
whose rarest run is among them are looked for, and pieces are put together by position within bounded gaps.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from mailkit.errors import InputError

__all__ = ["GAP", "NEAR", "Hit", "Pattern", "Table", "compiled"]

GAP = 60
NEAR = 8
_RUN = 4
_PLACES = 12
"""Places of one piece that are followed up: a text that says the same word again and again costs no more."""

_SLOT = re.compile(r"\{([a-z]+)\}")


class _Piece(Struct, frozen=True):
    """One step of a pattern: what may stand there, and how far behind the step before."""

    words: frozenset[str]
    gap: int


class Pattern(Struct, frozen=True):
    """A pattern ready to be looked for."""

    text: str
    pieces: tuple[_Piece, ...]


class Hit(Struct, frozen=True):
    """Where a pattern was found."""

    pattern: str
    begin: int
    end: int


def compiled(text: str, words: Mapping[str, tuple[str, ...]]) -> Pattern:
    """Make a pattern of its text.

    Raises:
        InputError: it names a list that does not exist, or says nothing.
    """
    pieces: list[_Piece] = []
    for far, part in enumerate(text.split(" .. ")):
        begin, gap = 0, GAP if far else 0
        steps: list[frozenset[str]] = []
        for slot in _SLOT.finditer(part):
            if literal := part[begin : slot.start()].strip():
                steps.append(frozenset((literal,)))
            if slot[1] not in words:
                raise InputError(f"the pattern {text!r} names the list {slot[1]!r}, which does not exist")
            steps.append(frozenset(words[slot[1]]))
            begin = slot.end()
        if literal := (part[begin:].strip() if begin else part.strip(" ") + (" " if part.endswith(" ") and part.strip() else "")):
            steps.append(frozenset((literal,)))
        for number, step in enumerate(steps):
            pieces.append(_Piece(step, NEAR if number else gap))
    if not pieces or any(not word.strip() for piece in pieces for word in piece.words):
        raise InputError(f"the pattern {text!r} says nothing")
    if left := next((word for piece in pieces for word in piece.words if "{" in word), None):
        raise InputError(f"the pattern {text!r} has braces around no list's name ({left!r}); a name has the letters a to z")
    return Pattern(text, tuple(pieces))


class Table:
    """Finds which of many patterns occur in a text."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = list(patterns)
        words = {word for pattern in self._patterns for piece in pattern.pieces for word in piece.words}
        common = Counter(run for word in words for run in _runs(word))
        self._by_run: dict[str, list[str]] = defaultdict(list)
        self._short: list[str] = []
        for word in sorted(words):
            if runs := _runs(word):
                self._by_run[min(runs, key=lambda run: (common[run], run))].append(word)
            else:
                self._short.append(word)
        self._runs_known = frozenset(self._by_run)
        self._short_ascii = [word for word in self._short if word.isascii()]
        self._by_word: dict[str, list[int]] = defaultdict(list)
        for number, pattern in enumerate(self._patterns):
            for word in pattern.pieces[0].words:
                self._by_word[word].append(number)

    def find(self, text: str) -> dict[int, Hit]:
        """Give the patterns that occur, by their number, each with its first place."""
        seen = {text[at : at + _RUN] for at in range(len(text) - _RUN + 1)} & self._runs_known
        there = {
            word: places
            for words in (*(self._by_run[run] for run in seen), self._short_ascii if text.isascii() else self._short)
            for word in words
            if (at := text.find(word)) >= 0 and (places := _places(word, text, at))
        }
        hits: dict[int, Hit] = {}
        for word in there:
            for number in self._by_word.get(word, ()):
                if number not in hits and (hit := _match(self._patterns[number], there)):
                    hits[number] = hit
        return hits


def _runs(word: str) -> set[str]:
    return {word[at : at + _RUN] for at in range(len(word) - _RUN + 1)}


def _places(word: str, text: str, at: int) -> list[int]:
    """Give the places of a word that occurs first at ``at``."""
    places: list[int] = []
    whole = word[0].isascii() and word[0].isalnum()
    while at >= 0 and len(places) < _PLACES:
        if not (whole and at and text[at - 1].isascii() and text[at - 1].isalnum()):
            places.append(at)
        at = text.find(word, at + 1)
    return places


def _match(pattern: Pattern, there: Mapping[str, list[int]]) -> Hit | None:
    """Put the pieces together by position; ``there``: where each word occurs."""
    first, rest = pattern.pieces[0], pattern.pieces[1:]
    for piece in rest:
        if piece.words.isdisjoint(there):
            return None
    ways = [(at, at + len(word)) for word in first.words & there.keys() for at in there[word]]
    for piece in rest:
        if not ways:
            return None
        found = piece.words & there.keys()
        # The end of a way is what the next step is measured from; of several ways to one end the first will do.
        ends = {end: begin for begin, end in sorted(ways, reverse=True)}
        ways = list(
            {
                at + len(word): (begin, at + len(word))
                for word in found
                for at in there[word]
                for end, begin in ends.items()
                if 0 <= at - end <= piece.gap
            }.values()
        )
    if not ways:
        return None
    begin, end = min(ways)
    return Hit(pattern.text, begin, end)
