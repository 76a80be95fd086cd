"""What is known, not computed: the files under resources/."""

from functools import cache
from pathlib import Path
from typing import Any

RESOURCES = Path(__file__).parents[2] / "resources"


@cache
def load(name: str) -> Any:
    """Content of a YAML file under resources/, for example ``labs/analytes.yaml``. Callers do not change it."""
    import yaml  # here, because the three jobs of a visit start often and read no YAML

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((RESOURCES / name).read_text(encoding="utf-8"), Loader=loader)
