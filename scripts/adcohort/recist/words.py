"""Words of lesion sheets, Chinese or English, to the few that RECIST has."""

import re
import unicodedata
from functools import cache

from adcohort import resources


def folded(words: str) -> str:
    """Words without case, width, spaces and punctuation."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", words).casefold() if sign.isalnum())


@cache
def _meanings(kind: str) -> dict[str, str]:
    return {
        folded(word): meaning
        for meaning, words in resources.load("response/words.yaml")[kind].items()
        for word in (meaning, *words)
    }


def role(cell: str) -> str | None:
    """target, non-target, new or None."""
    return _meanings("roles").get(folded(cell))


def finding(cell: str) -> str | None:
    """absent, too small, not evaluable, present, progression, equivocal, unequivocal, merged or None."""
    return _meanings("findings").get(folded(cell))


def response(cell: str) -> str | None:
    """A stated response in RECIST's abbreviation, or None."""
    return _meanings("responses").get(folded(cell))


def is_node(organ: str, stated: str | None) -> bool:
    """Whether a lesion is a lymph node: as stated (yes or no), else by the name of the organ."""
    answer = _meanings("yes_no").get(folded(stated)) if stated else None
    if answer:
        return answer == "yes"
    plain = unicodedata.normalize("NFKC", organ).casefold()
    words = re.findall(r"\w+", plain)
    return any(
        (len(name) > 2 and name.casefold() in plain) or name.casefold() in words
        for name in resources.load("response/words.yaml")["nodes"]
    )
