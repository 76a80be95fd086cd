"""Units of laboratory values: spellings to UCUM codes, and conversion where one is defined."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from adcohort import quantities, resources


class NotConvertible(ValueError):
    """Two units of different kinds of quantity."""


def ucum(text: str, own: Mapping[str, str]) -> str | None:
    """UCUM code of a unit as a sheet spells it; None if nobody knows it.

    Parameters
    ----------
    own
        Spellings of the analyte or the study, looked up first.
    """
    spelling = _spelling(text)
    mine = {_spelling(name): code for name, code in own.items()}
    if spelling in mine:
        return mine[spelling]
    exact, folded = _spellings()
    if spelling in exact:
        return exact[spelling]
    if spelling.casefold() in folded:
        return folded[spelling.casefold()]
    return spelling if is_ucum(spelling) else None


@cache
def factor(source: str, target: str, molar_mass: float | None = None) -> float:
    """What a value in `source` is multiplied by to be in `target` (UCUM codes).

    Parameters
    ----------
    molar_mass
        In g/mol, where mass and amount of substance are to be converted.

    Raises
    ------
    NotConvertible
        For units of different kinds, as [IU]/mL and ng/mL.
    """
    if source == target:
        return 1.0
    import pint

    registry = _registry()
    one, wanted = registry.from_ucum(source), registry.from_ucum(target)
    ways = [one]
    if molar_mass is not None:
        mass = molar_mass * registry.from_ucum("g/mol")
        ways += [one / mass, one * mass]
    for way in ways:
        try:
            return float(f"{way.to(wanted.units).magnitude / wanted.magnitude:.12g}")
        except pint.DimensionalityError:
            continue
    raise NotConvertible(f"{source} to {target}")


def converts(source: str, target: str) -> bool:
    """Whether two units measure the same kind of quantity."""
    try:
        factor(source, target)
    except NotConvertible:
        return False
    return True


def _spelling(text: str) -> str:
    return quantities.clean(text).replace(" ", "").replace("毫升", "mL")


@cache
def _spellings() -> tuple[dict[str, str], dict[str, str]]:
    table = {
        _spelling(name): code for code, names in resources.load("labs/units.yaml").items() for name in [*names, code]
    }
    folded: dict[str, str] = {}
    for name, code in table.items():
        folded.setdefault(name.casefold(), code)
    return table, folded


@cache
def is_ucum(text: str) -> bool:
    """Whether a text is the UCUM code of a unit."""
    try:
        _registry().from_ucum(text)
    except Exception:  # the parser has its own errors, of a package that comes with it
        return False
    return bool(text)


@cache
def _registry() -> Any:
    import ucumvert

    return ucumvert.PintUcumRegistry()
