"""The example's laboratory sheets and forms: the same for the same seed, with the troubles that the stages must handle."""

import hashlib
import io

import openpyxl
import pytest
from adcohort import resources
from adcohort.example import cohort, labs, questionnaires


@pytest.fixture(scope="module")
def people():
    return cohort.draw(resources.load("example/cohort.yaml"))


def test_the_same_bytes_for_the_same_seed_and_others_for_another(people):
    def digest(cohort_):
        facts = resources.load("example/labs.yaml")
        rows = labs.immune_rows(cohort_, facts)
        book = labs.workbook("title", {"all": rows}, labs.IMMUNE_HEADER)
        serum = labs.csv_text(labs.SERUM_HEADER, labs.serum_rows(cohort_, facts))
        forms = questionnaires.sf36_table(cohort_, resources.load("example/questionnaires.yaml"))
        return [hashlib.sha256(part).hexdigest() for part in (book, serum.encode("gb18030"), repr(forms).encode())]

    facts = resources.load("example/cohort.yaml")
    assert digest(people) == digest(cohort.draw(facts))
    assert not set(digest(people)) & set(digest(cohort.draw(facts, seed=7)))


def test_the_serum_sheet_has_mixed_units_signs_full_width_digits_and_copies(people):
    rows = labs.serum_rows(people, resources.load("example/labs.yaml"))
    assert {row[5] for row in rows} >= {"pg/ml", "ng/L", "ng/ml", "μg/L", "IU/ml", "KIU/L", "mIU/L", "uIU/ml"}
    texts = [row[4] for row in rows]
    assert any(text.startswith("<") for text in texts)
    assert any("０" <= text[:1] <= "９" for text in texts)
    assert len(rows) - len({tuple(row) for row in rows}) == 2 * 5
    assert {row[0] for row in rows} == {person.patient_id for person in people}


def test_the_workbook_opens_with_dates_and_numbers(people):
    rows = labs.immune_rows(people, resources.load("example/labs.yaml"))
    book = openpyxl.load_workbook(io.BytesIO(labs.workbook("title", {"all": rows}, labs.IMMUNE_HEADER)))
    third = [cell.value for cell in book["all"][4]]
    assert third[0] == rows[0][0]
    assert (third[2].date(), third[3]) == (rows[0][2], rows[0][3])


def test_one_form_was_broken_off_and_one_stands_twice(people):
    header, rows = questionnaires.sf36_table(people, resources.load("example/questionnaires.yaml"))
    assert len(header) == 2 + 36
    assert sum(row.count("") > 18 for row in rows) == 1
    assert len(rows) - len({tuple(row) for row in rows}) == 1
