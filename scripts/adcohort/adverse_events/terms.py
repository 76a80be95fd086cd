"""Words of the source, Chinese or English, to CTCAE terms; grades as numbers that CTCAE has for the term."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
from adcohort import resources
from adcohort.errors import StudyError

# 3, 3.0, G3, Grade 3, CTCAE grade 3, 3级, 3 度, III级; full-width forms are made plain first
GRADE = re.compile(
    r"(?:ctcae)?\s*(?:grade|gr|g|级别)?\s*[:.]?\s*(?:([0-9])(?:\.0+)?|(iv|v|i{1,3}))\s*[级度]?", re.IGNORECASE
)
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}
UNMAPPED_SOC = "Not mapped"
OWN_COLUMNS = ("ctcae_term", "preferred_term", "meddra_code", "soc", "lowest_grade", "highest_grade")


@dataclass(frozen=True)
class Term:
    """A CTCAE term. `lowest` and `highest` bound the grades that exist for it."""

    name: str
    preferred: str | None
    code: str | None
    soc: str
    lowest: int = 1
    highest: int = 5
    mapped: bool = True


class Dictionary:
    """Looks words up: the study's own dictionary first, then the one that comes along.

    Words that neither knows become ``Unmapped term 1``, ``2``, … in the order of their spelling, so that they are counted
    while what a clinician wrote freely, which may name a person, stays in the private folder.
    """

    def __init__(self, version: int, own: pd.DataFrame | None = None) -> None:
        self._known: dict[str, Term] = {}
        for name, facts in resources.load("adverse_events/terms.yaml")[version].items():
            lowest, highest = facts["grades"]
            term = Term(name, facts["preferred_term"], facts["meddra_code"], facts["soc"], lowest, highest)
            for words in (name, *facts["words"]):
                self._known[folded(words)] = term
        if own is not None:
            self._known |= _own_terms(own, {term.name: term for term in self._known.values()})
        self.unmapped: dict[str, str] = {}

    def find(self, words: str) -> Term | None:
        """The term that the words mean, or None."""
        return self._known.get(folded(words))

    def find_all(self, words: Iterable[str]) -> dict[str, Term]:
        """Each of the words with its term; unknown ones get numbered terms, listed in `unmapped` (number's name: words)."""
        wanted = set(words)
        unknown = sorted({folded(text) for text in wanted if self.find(text) is None})
        numbered = {fold: f"Unmapped term {number}" for number, fold in enumerate(unknown, 1)}
        found = {}
        for text in sorted(wanted):
            term = self.find(text)
            if term is None:
                name = numbered[folded(text)]
                self.unmapped.setdefault(name, text)
                term = Term(name, None, None, UNMAPPED_SOC, mapped=False)
            found[text] = term
        return found


def folded(words: str) -> str:
    """Words without case, width, spaces and punctuation: 手足综合征 = 手足综合征 , Hand–foot syndrome = hand-foot syndrome."""
    plain = unicodedata.normalize("NFKC", words).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


def grade(text: str | None, severity: Mapping[str, int]) -> int | None:
    """The grade that a cell states, 0 to 9, or None; words only as `severity` says."""
    if text is None:
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    for words, value in severity.items():
        if folded(words) == folded(plain):
            return value
    match = GRADE.fullmatch(plain)
    if match is None:
        return None
    return int(match[1]) if match[1] else ROMAN[match[2].casefold()]


def _own_terms(sheet: pd.DataFrame, shipped: Mapping[str, Term]) -> dict[str, Term]:
    if "term" not in sheet:
        raise StudyError(
            f"adverse_events.dictionary: no column term; it has {', '.join(sheet)}. Add the source's words."
        )
    known: dict[str, Term] = {}
    problems = []
    for number, row in enumerate(sheet.reindex(columns=["term", *OWN_COLUMNS]).to_dict("records"), 2):
        cells = {name: None if pd.isna(value) else str(value).strip() for name, value in row.items()}
        if cells["term"] is None:
            continue
        name = cells["ctcae_term"] or cells["preferred_term"] or cells["term"]
        base = shipped.get(name, Term(name, None, None, "Not stated"))
        try:
            lowest = int(cells["lowest_grade"] or base.lowest)
            highest = int(cells["highest_grade"] or base.highest)
        except ValueError:
            problems.append(f"adverse_events.dictionary: row {number}: a grade is no whole number. Write 1 to 5.")
            continue
        term = Term(
            name,
            cells["preferred_term"] or base.preferred,
            cells["meddra_code"] or base.code,
            cells["soc"] or base.soc,
            lowest,
            highest,
        )
        if known.setdefault(folded(cells["term"]), term) != term:
            problems.append(
                f"adverse_events.dictionary: row {number}: words that stand above with another term. Keep one."
            )
    if problems:
        raise StudyError(problems)
    return known
