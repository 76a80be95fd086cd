"""Numbers as laboratories and forms write them: full-width signs, qualifiers, decimal commas."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_SUPERSCRIPTS = str.maketrans({s: f"^{d}" for d, s in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")})
_SIGNS = str.maketrans(
    {"≦": "≤", "⩽": "≤", "≧": "≥", "⩾": "≥", "〈": "<", "〉": ">", "−": "-", "‑": "-", "–": "-", "µ": "μ"}
)
_WORDS = {
    "不大于": "<=", "不高于": "<=", "不小于": ">=", "不低于": ">=", "小于等于": "<=", "大于等于": ">=",
    "小于": "<", "低于": "<", "大于": ">", "高于": ">",
    "less than": "<", "below": "<", "greater than": ">", "more than": ">", "above": ">",
}  # fmt: skip
_LARGEST_EXPONENT = 30  # no laboratory measures more: a slip of the keyboard, or an attack
_QUALIFIERS = {
    "<": "<",
    ">": ">",
    "≤": "<=",
    "≥": ">=",
    "<=": "<=",
    ">=": ">=",
    "=<": "<=",
    "=>": ">=",
    "=": "",
    "": "",
}
_QUANTITY = re.compile(
    r"^([<>≤≥=]{0,2})\s*([+-]?\d[\d.,' ]*(?<![., '])|[+-]?[.,]\d+)(?:[eE]([+-]?\d+))?\s*[↑↓*]*\s*(.*)$"
)
_ONE_GROUP = re.compile(r"^[1-9]\d{0,2}[.,]\d{3}$")  # 1,234: a thousand, or three decimals


class Unreadable(ValueError):
    """A text that is no number (``ambiguous`` tells whether it could be two)."""

    def __init__(self, text: str, ambiguous: bool = False) -> None:
        super().__init__(text)
        self.ambiguous = ambiguous


@dataclass(frozen=True)
class Quantity:
    """A number with its qualifier (``<``, ``<=``, ``>``, ``>=`` or none) and whatever stands behind it (a unit)."""

    value: Decimal
    qualifier: str
    rest: str = ""

    @property
    def text(self) -> str:
        """The quantity in its usual form, as ``<0.2``: the same for every way to write it."""
        plain = format(self.value.normalize(), "f")
        return self.qualifier + ("0" if plain == "-0" else plain)


def clean(text: str) -> str:
    """Text with signs, digits and blanks in their usual forms (full-width ones become ASCII, superscripts ``^3``)."""
    text = unicodedata.normalize("NFKC", text.translate(_SUPERSCRIPTS)).translate(_SIGNS)
    return " ".join(text.replace("\ufeff", "").replace("\u200b", "").split())


def key(text: str) -> str:
    """What names are compared by: letters, digits and ``/ % #``, lower case."""
    return re.sub(r"[^\w/%#]|_", "", clean(text).casefold())


def decimal_mark(texts: Iterable[str]) -> str:
    """The decimal mark of a column: ``.``, ``,``, ``mixed``, or empty where no cell decides."""
    comma = dot = False
    for text in texts:
        body = _body(text)
        if "," in body and "." in body:
            comma |= body.rindex(",") > body.rindex(".")
            dot |= body.rindex(",") < body.rindex(".")
        elif body.count(",") == 1 and not _ONE_GROUP.match(body):
            comma = True
        elif body.count(".") == 1 and not _ONE_GROUP.match(body):
            dot = True
    return "mixed" if comma and dot else "," if comma else "." if dot else ""


def parse(text: str, mark: str = "") -> Quantity:
    """A quantity from its text.

    Parameters
    ----------
    mark
        Decimal mark of the column (decimal_mark). Only a text such as ``1,234`` needs it.

    Raises
    ------
    Unreadable
        For a text that is no number, or that could be two and nothing decides.
    """
    tidy = clean(text)
    for word, sign in _WORDS.items():
        if tidy.casefold().startswith(word):
            tidy = sign + tidy[len(word) :]
            break
    match = _QUANTITY.match(tidy)
    if match is None or match[1] not in _QUALIFIERS or re.match(r"[-~±+:/]?\s*\d", match[4]):  # 12-15, 1:80, a date
        raise Unreadable(text)
    number = _number(match[2].replace(" ", "").replace("'", ""), mark, text)
    if match[3]:
        if abs(int(match[3])) > _LARGEST_EXPONENT:
            raise Unreadable(text)
        number = number.scaleb(int(match[3]))
    return Quantity(number, _QUALIFIERS[match[1]], match[4].strip())


def _body(text: str) -> str:
    match = _QUANTITY.match(clean(text))
    return match[2].lstrip("+-").replace(" ", "").replace("'", "") if match else ""


def _number(body: str, mark: str, text: str) -> Decimal:
    sign, digits = (body[0], body[1:]) if body[0] in "+-" else ("", body)
    last = max(digits.rfind(","), digits.rfind("."))
    if last < 0:
        return Decimal(sign + digits)
    point = digits[last]
    other = "." if point == "," else ","
    if digits.count(point) > 1 or (other in digits and digits.index(other) > digits.index(point)):
        if other in digits or not re.fullmatch(rf"\d{{1,3}}(\{point}\d{{3}})+", digits):
            raise Unreadable(text)
        return Decimal(sign + digits.replace(point, ""))  # 1,234,567
    if other in digits:
        if not re.fullmatch(rf"\d{{1,3}}(\{other}\d{{3}})+\{point}\d+", digits):
            raise Unreadable(text)
        return Decimal(sign + digits.replace(other, "").replace(point, "."))  # 1,234.5
    if _ONE_GROUP.match(digits):
        if mark == other:
            return Decimal(sign + digits.replace(point, ""))
        if mark == "mixed" or (mark == "" and point == ","):
            raise Unreadable(text, ambiguous=True)
    return Decimal(sign + digits.replace(point, "."))
