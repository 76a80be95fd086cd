"""Numbers as laboratories write them: one quantity, however it is dressed; never a guess."""

from decimal import Decimal

import pytest
from adcohort import quantities
from hypothesis import given
from hypothesis import strategies as st

FULL_WIDTH = str.maketrans("0123456789.<>,-", "０１２３４５６７８９．＜＞，－")
NUMBERS = st.decimals(min_value=0, max_value=10**7, places=3).filter(lambda d: d == 0 or d >= Decimal("0.001"))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("<0.2", "<0.2"),
        ("＜０．２", "<0.2"),
        ("≤ 3", "<=3"),
        ("≦3.0", "<=3"),
        ("小于0.1", "<0.1"),
        ("> 1,234.5", ">1234.5"),
        ("1.234,50", "1234.5"),
        ("1 234", "1234"),
        ("0,035", "0.035"),
        ("3.2E2", "320"),
        (".5", "0.5"),
        ("12.5 ↑", "12.5"),
        ("-0", "0"),
        ("1,234,567", "1234567"),
    ],
)
def test_reads_what_sheets_hold(text, canonical):
    assert quantities.parse(text).text == canonical


@pytest.mark.parametrize(
    "text", ["", "-", "阴性", "negative", "1.2.3", "1,2,3", "12-15", "<", "<>3", "N/A", "1.23,456,7"]
)
def test_refuses_what_is_no_number(text):
    with pytest.raises(quantities.Unreadable):
        quantities.parse(text)


def test_a_thousand_or_three_decimals_is_decided_by_the_column_or_not_at_all():
    with pytest.raises(quantities.Unreadable) as refused:
        quantities.parse("1,234")
    assert refused.value.ambiguous
    assert quantities.parse("1,234", ",").value == Decimal("1.234")
    assert quantities.parse("1,234", ".").value == Decimal(1234)
    assert quantities.parse("1.234").value == Decimal("1.234")
    assert quantities.parse("1.234", ",").value == Decimal(1234)
    with pytest.raises(quantities.Unreadable):
        quantities.parse("1.234", "mixed")
    assert quantities.decimal_mark(["1,5", "1,234", "<0,2"]) == ","
    assert quantities.decimal_mark(["1.5", "1,234"]) == "."
    assert quantities.decimal_mark(["1,234", "12"]) == ""
    assert quantities.decimal_mark(["1,54", "22.1"]) == "mixed"


def test_a_unit_behind_the_value_is_kept_apart():
    quantity = quantities.parse("<0.2 ng/mL")
    assert (quantity.text, quantity.rest) == ("<0.2", "ng/mL")


@given(NUMBERS, st.sampled_from(["", "<", ">", "≤"]))
def test_every_dress_of_a_number_is_that_number(number, sign):
    plain = f"{number:.3f}"
    german = f"{number:,.3f}".translate(str.maketrans(",.", ".,"))
    dresses = [(plain, "."), (plain.translate(FULL_WIDTH), "."), (plain.replace(".", ","), ","), (german, ",")]
    dresses += [(f"{number:,.3f}", "."), (f" {plain} ", ".")]
    expected = {"≤": "<="}.get(sign, sign)
    for text, mark in dresses:
        quantity = quantities.parse(sign + text, mark)
        assert (quantity.value, quantity.qualifier) == (number, expected), text


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_refused(text):
    try:
        quantity = quantities.parse(text)
    except quantities.Unreadable:
        return
    assert quantities.parse(quantity.text, ".").value == quantity.value


def test_a_number_beyond_all_measure_is_not_read():
    with pytest.raises(quantities.Unreadable):
        quantities.parse("1e999999999")
