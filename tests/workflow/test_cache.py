"""Snakemake's cache between studies: a hit, a miss after a change of code, and no false hit between visits."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from workflow import harness

TARGET = "results/adc/adc.tsv"  # behind a checkpoint a rule is no target: the table of all fits is


def study(folder: Path, raw: Path | None = None) -> Path:
    kept = ("title", "data", "participants", "visits", "ingest", "adc", "example")
    config = {key: value for key, value in harness.small_config().items() if key in kept}
    if raw is not None:
        shutil.copytree(raw, folder / "data")
        del config["example"]
    harness.write_config(folder, config)
    return folder


def maps(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("results/adc/*/*/dwi/*_ADC.nii.gz"))
    }


@pytest.mark.slow
def test_two_studies_share_conversions_and_fits(tmp_path, monkeypatch):
    made = study(tmp_path / "made")
    done = harness.snakemake(made, TARGET)
    assert done.status == 0, done.text[-3000:]
    plain = maps(made)
    assert plain

    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", str(cache))
    one = study(tmp_path / "one", made / "data")
    done = harness.snakemake(one, TARGET, "--cache")
    assert done.status == 0, done.text[-3000:]
    assert maps(one) == plain, "no false hit between visits"
    kept = sorted(cache.iterdir())
    visits = len(list((one / "private/index/manifests").iterdir()))
    assert len(kept) == 2 * visits

    two = study(tmp_path / "two", made / "data")
    done = harness.snakemake(two, TARGET, "--cache")
    assert done.status == 0, done.text[-3000:]
    assert sorted(cache.iterdir()) == kept, "every conversion and fit of the second study was a hit"
    assert maps(two) == plain
    assert all(path.resolve().is_relative_to(cache) for path in two.glob("results/adc/*/*/dwi/*_ADC.nii.gz"))

    home = harness.checkout(tmp_path / "flow")
    module = home / "scripts/adcohort/diffusion/estimators.py"
    module.write_text(module.read_text() + "\n\ndef _further() -> int:\n    return 1\n")
    three = study(tmp_path / "three", made / "data")
    done = harness.snakemake(three, TARGET, "--cache", home=home)
    assert done.status == 0, done.text[-3000:]
    assert len(list(cache.iterdir())) == 3 * visits, "changed code fits anew and converts from the cache"
    assert maps(three) == plain
    assert json.loads(next(three.glob("results/adc/*/*/dwi/status.json")).read_text())
