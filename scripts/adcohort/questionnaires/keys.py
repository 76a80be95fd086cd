"""Scoring keys: what an instrument's items are, how they are scored, and which headers name them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adcohort import quantities, resources
from adcohort.errors import StudyError
from adcohort.records import Heading

SHIPPED = ("sf36", "sf36-cn-910", "qlq-c30")
_LETTERS = "abcdefghijklmnop"


@dataclass(frozen=True)
class Item:
    """An item of a form; `number` is its place in the form's order."""

    number: str
    form: str
    levels: int
    names: tuple[str, ...] = ()
    text: str = ""
    zh: tuple[str, ...] = ()
    words: Mapping[str, int] = field(default_factory=dict)
    flag: str = ""


@dataclass(frozen=True)
class Recode:
    """Answers of items to final values; `when` = (item, its answers) limits it, no answers = the item has none."""

    items: tuple[str, ...]
    values: Mapping[float, float]
    when: tuple[str, tuple[float, ...]] | None = None


@dataclass(frozen=True)
class Scale:
    """A scale: its items, the least number of answers, and the mean item value at score 0 and at 100."""

    code: str
    name: str
    name_zh: str
    items: tuple[str, ...]
    least: int
    at_0: float
    at_100: float
    better: str = "high"


@dataclass(frozen=True)
class Component:
    """A weighted sum of standardised scales: coefficient, mean and standard deviation by scale."""

    code: str
    name: str
    name_zh: str
    terms: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Key:
    """One scoring of one instrument."""

    instrument: str
    family: str
    name: str
    scoring: str
    norms: str
    aliases: tuple[str, ...]
    items: Mapping[str, Item]
    recodes: tuple[Recode, ...]
    scales: tuple[Scale, ...]
    components: tuple[Component, ...]

    def scale_of(self, item: str) -> str:
        """The scale that an item belongs to; empty for none."""
        return next((scale.code for scale in self.scales if item in scale.items), "")

    def final_values(self, item: str) -> set[float]:
        """All final values that an item's answers can get."""
        fitting = [recode for recode in self.recodes if item in recode.items]
        levels = {float(level) for level in range(1, self.items[item].levels + 1)}
        return {float(v) for recode in fitting for v in recode.values.values()} if fitting else levels


def load(instrument: str, scoring: str | None, norms: str | None, data: Path | None = None) -> Key:
    """The key that the config names.

    Parameters
    ----------
    instrument
        A key of SHIPPED, or the path of a YAML file like these, relative to `data`.
    scoring, norms
        None = the key's first scoring, and no components.

    Raises
    ------
    StudyError
        For an instrument, scoring or norm set that is not there, with those that are.
    """
    parts = _parts(instrument, data)
    scoring = scoring or next(iter(parts["scorings"]))
    if scoring not in parts["scorings"]:
        raise StudyError(
            f"config: questionnaires.scoring: {instrument} has no scoring {scoring!r}. Known: {', '.join(parts['scorings'])}."
        )
    rules = parts["scorings"][scoring]
    try:
        return Key(
            instrument=parts["instrument"],
            family=parts.get("family", parts["instrument"]),
            name=parts["name"],
            scoring=scoring,
            norms=norms or "",
            aliases=tuple(parts.get("aliases", ())),
            items={number: _item(number, facts) for number, facts in parts["items"].items()},
            recodes=tuple(_recode(recode) for recode in rules["recodes"]),
            scales=tuple(_scale(code, facts, rules) for code, facts in parts["scales"].items()),
            components=_components(parts.get("components"), scoring, norms, instrument),
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise StudyError(
            f"{instrument}: no whole key ({problem}). Compare it with resources/questionnaires/sf36.yaml."
        ) from None


def relatives(key: Key) -> list[Key]:
    """The shipped variants of the same form, without the key itself."""
    others = [load(name, None, None) for name in SHIPPED if name != key.instrument]
    return [other for other in others if other.family == key.family]


def headings(key: Key, headers: Sequence[str], visits: Sequence[str] = ()) -> list[Heading | None]:
    """The item that each header names: by number of the form (3a, 3.1), by place (1 to 36), by name in data sets or by wording.

    Whether plain numbers are the form's or places follows from all headers together. A wording that two items share goes to
    them in the form's order. A number that comes twice after the ninth sub-item is the tenth: spreadsheets cut 9.10 to 9.1.
    """
    split = [_without_visit(quantities.clean(header), visits) for header in headers]
    numbers = [_numbers(key, text) for text, _ in split]
    by_form = any(sub for _, sub, _ in numbers)
    forms = {item.form: number for number, item in key.items.items()}
    taken: dict[str, set[str]] = {}
    out: list[Heading | None] = []
    before = ""
    for (text, visit), (main, sub, rest) in zip(split, numbers, strict=True):
        used = taken.setdefault(visit, set())
        named = [number for number in _named(key, text) if number not in used]
        found = named[0] if named else ""
        if not found and main:
            form = main + sub
            if by_form and before == f"{main}i" and form == f"{main}a":
                form = f"{main}j"
            found = forms.get(form, "") if by_form else (main if main in key.items else "")
            if found and rest and not (set(_named(key, rest)) & {found}):
                found = ""
            before = form
        used.add(found)
        out.append(Heading(found, visit=visit) if found else None)
    return out


def _without_visit(text: str, visits: Sequence[str]) -> tuple[str, str]:
    for name in visits:
        if match := re.match(rf"^(.+?)[ _@-]+{name}$", text, re.IGNORECASE):
            return match[1], name
    return text, ""


def _numbers(key: Key, text: str) -> tuple[str, str, str]:
    """Main number, sub-item as a letter, and what stands behind; empty main for a text that does not begin so."""
    aliases = "|".join(re.escape(alias) for alias in sorted(key.aliases, key=len, reverse=True))
    pattern = (
        rf"^(?:(?:{aliases})[\s_.\-]*)?(?:question|item|条目|题目|题|第|q)?[\s_.\-]*0*(\d{{1,2}})"
        r"(?:[._\-( ]+0*(\d{1,2})\)?(?![a-z0-9%])|[._\-(]?\s*([a-p])\)?(?![a-z]))?\s*(?:题|条目)?[\s.、:,_\-]*(.*)$"
    )
    match = re.match(pattern, text, re.IGNORECASE)
    if match is None:
        return "", "", ""
    sub = match[3].lower() if match[3] else ""
    if match[2]:
        number = int(match[2])
        sub = _LETTERS[number - 1] if 0 < number <= len(_LETTERS) else "?"
    return match[1], sub, match[4]


def _named(key: Key, text: str) -> list[str]:
    """Items that a text names by data-set name, or by the longest wording that it holds."""
    plain = quantities.key(text)
    for alias in key.aliases:
        short = plain.removeprefix(quantities.key(alias))
        if found := [n for n, item in key.items.items() if short in map(quantities.key, item.names)]:
            return found
    held = {
        number: max((len(quantities.key(w)) for w in item.zh if quantities.key(w) in plain), default=0)
        for number, item in key.items.items()
    }
    longest = max(held.values(), default=0)
    return [number for number, length in held.items() if length == longest] if longest else []


def _parts(instrument: str, data: Path | None) -> dict[str, Any]:
    if instrument in SHIPPED:
        parts = resources.load(f"questionnaires/{instrument}.yaml")
    elif instrument.endswith((".yaml", ".yml")) and data is not None:
        import yaml

        path = data / instrument
        if not path.is_file():
            raise StudyError(f"config: questionnaires.instrument: {instrument}: there is no such file.")
        try:
            parts = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as problem:
            raise StudyError(f"{instrument}: no YAML: {problem}") from None
    else:
        raise StudyError(
            f"config: questionnaires.instrument: {instrument!r} is not known. Known: {', '.join(SHIPPED)},"
            " or a .yaml file in data."
        )
    return _merged(_parts(parts["extends"], data), parts) if "extends" in parts else parts


def _merged(base: Any, own: Any) -> Any:
    """The base with the extending key's parts; its recodes come first, so that they are the ones that fit."""
    if isinstance(base, Mapping) and isinstance(own, Mapping):
        return {
            k: _merged(base[k], own[k]) if k in base and k in own else own.get(k, base.get(k)) for k in {**base, **own}
        }
    if isinstance(base, list) and isinstance(own, list) and own and isinstance(own[0], Mapping):
        return own + base
    return own


def _item(number: str, facts: Mapping[str, Any]) -> Item:
    return Item(
        number,
        form=str(facts.get("form", number)),
        levels=facts["levels"],
        names=tuple(facts.get("names", ())),
        text=facts.get("text", ""),
        zh=tuple(facts.get("zh", ())),
        words={quantities.key(str(word)): value for word, value in facts.get("words", {}).items()},
        flag=facts.get("flag", ""),
    )


def _recode(facts: Mapping[str, Any]) -> Recode:
    when = facts.get("when")
    return Recode(
        tuple(facts["items"]),
        {float(answer): float(value) for answer, value in facts["map"].items()},
        (when["item"], tuple(float(answer) for answer in when["is"])) if when else None,
    )


def _scale(code: str, facts: Mapping[str, Any], rules: Mapping[str, Any]) -> Scale:
    count = len(facts["items"])
    least = {"half": (count + 1) // 2, "any": 1, "all": count}[rules["least"]]
    at_0, at_100 = rules["scales"][code]
    return Scale(
        code,
        facts["name"],
        facts.get("name_zh", ""),
        tuple(facts["items"]),
        least,
        float(at_0),
        float(at_100),
        facts.get("better", "high"),
    )


def _components(
    facts: Mapping[str, Any] | None, scoring: str, norms: str | None, instrument: str
) -> tuple[Component, ...]:
    if norms is None:
        return ()
    known = facts["norms"] if facts else {}
    if facts is None or norms not in known:
        raise StudyError(
            f"config: questionnaires.norms: {instrument} has no norm set {norms!r}. Known: {', '.join(known) or 'none'}."
        )
    if facts["scoring"] != scoring:
        raise StudyError(
            f"config: questionnaires.norms: the norm sets belong to scoring {facts['scoring']}, not to {scoring}."
            " Choose that scoring, or leave norms out."
        )
    return tuple(
        Component(
            code,
            name=facts["names"][code][0],
            name_zh=facts["names"][code][1],
            terms={scale: (coefficient, *known[norms][scale]) for scale, coefficient in weights.items()},
        )
        for code, weights in facts["coefficients"].items()
    )
