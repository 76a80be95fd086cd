"""The code hash: it changes when a result may change, and only then."""

import shutil
from pathlib import Path

import pytest
from adcohort.codehash import Reader, code_hash, reached


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    """A tiny workflow folder: one script, a module, a package, a module that nobody uses, a resource."""
    home = tmp_path / "study flow 研究"
    (home / "scripts/lib/pack").mkdir(parents=True)
    (home / "resources").mkdir()
    (home / "scripts/run.py").write_text('"""Doc."""\nfrom lib import near\n\nnear.go()\n')
    (home / "scripts/lib/__init__.py").write_text("")
    (home / "scripts/lib/near.py").write_text(
        "from lib.pack import deep\n\nLIMIT = 3\n\n\ndef go():\n    return deep.x\n"
    )
    (home / "scripts/lib/pack/__init__.py").write_text("")
    (home / "scripts/lib/pack/deep.py").write_text("x = 1\n")
    (home / "scripts/lib/far.py").write_text("y = 1\n")
    (home / "resources/key.yaml").write_text("a: 1\n")
    return home


def hashed(home: Path) -> str:
    reader = Reader(home.parent / "memory/code.json")  # kept between the calls: it may not hide a change
    try:
        return code_hash(str(home), "scripts/run.py", "resources/key.yaml", reader=reader)
    finally:
        reader.remember()


def test_reaches_modules_through_modules_and_packages(workflow):
    names = {
        str(path.relative_to(workflow / "scripts"))
        for path in reached(workflow / "scripts/run.py", workflow / "scripts")
    }
    assert names == {"run.py", "lib/__init__.py", "lib/near.py", "lib/pack/__init__.py", "lib/pack/deep.py"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("scripts/lib/near.py", "LIMIT = 3", "LIMIT = 4"),
        ("scripts/lib/pack/deep.py", "x = 1", "x = 2"),
        ("scripts/run.py", "near.go()", "near.go"),
        ("resources/key.yaml", "a: 1", "a: 2"),
    ],
)
def test_changes_with_what_may_change_a_result_and_comes_back_with_a_revert(workflow, file, old, new):
    before = hashed(workflow)
    text = (workflow / file).read_text()
    (workflow / file).write_text(text.replace(old, new))
    assert hashed(workflow) != before
    (workflow / file).write_text(text)
    assert hashed(workflow) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("scripts/lib/near.py", "LIMIT = 3", "# why\nLIMIT = 3  # so"),
        ("scripts/lib/near.py", "def go():\n", 'def go():\n    """Go."""\n'),
        ("scripts/run.py", "Doc.", "Other words."),
        ("scripts/lib/far.py", "y = 1", "y = 2"),
    ],
)
def test_stays_with_comments_docstrings_and_modules_out_of_reach(workflow, file, old, new):
    before = hashed(workflow)
    (workflow / file).write_text((workflow / file).read_text().replace(old, new))
    assert hashed(workflow) == before


def test_stays_when_the_folder_moves(workflow, tmp_path):
    before = hashed(workflow)
    moved = shutil.move(workflow, tmp_path / "elsewhere")
    assert hashed(Path(moved)) == before


def test_a_memory_gives_the_same_hash_as_none_and_may_be_damaged(workflow):
    plain = code_hash(str(workflow), "scripts/run.py", "resources/key.yaml")
    assert hashed(workflow) == plain == hashed(workflow)
    (workflow.parent / "memory/code.json").write_text("{half")
    assert hashed(workflow) == plain
