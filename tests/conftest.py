"""What the tests share: where the workflow and the real data are."""

from pathlib import Path

import pytest
from hypothesis import settings

# properties are about answers, not about the time that a busy machine takes for them
settings.register_profile("house", deadline=None)
settings.load_profile("house")

HOME = Path(__file__).parents[1]
REAL_DATA = HOME.parent / "shared" / "data"


@pytest.fixture(scope="session")
def home() -> Path:
    """The workflow's folder."""
    return HOME


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real data that nobody of this project made; they stand beside the checkout, not in it."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real data are not here ({REAL_DATA.parent.name}/{REAL_DATA.name} beside the checkout)")
    return REAL_DATA
