"""How a study wants its ADC fitted: the config's key `adc`. config/schema/adc.yaml states the same defaults (tested)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATUS = "status.json"  # beside a visit's maps: what became of each run


@dataclass(frozen=True)
class Settings:
    """The keys of `adc`; config/README.md explains them."""

    estimator: str = "wls"
    b_min: float | None = None
    b_max: float | None = None
    directions: str = "geometric_mean"
    noise_guard: bool = True
    noise: str | float = "background"
    models: tuple[str, ...] = ()
    registration: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any] | None) -> "Settings":
        """From the config's slice; keys that it lacks keep their defaults."""
        given = dict(options or {})
        given["models"] = tuple(given.get("models") or ())
        return cls(**given)
