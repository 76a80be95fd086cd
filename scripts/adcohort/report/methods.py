"""The methods section in words, made from the config, so that it says what was run and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adcohort.report import provenance

ESTIMATORS = {
    "wls": "log-linear least squares, reweighted twice by the predicted signal squared",
    "ols": "log-linear least squares without weights",
    "nlls": "non-linear least squares in the signal",
}


def texts(
    config: Mapping[str, Any], inputs: Mapping[str, Path], told: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Titled texts of the section: methods, results in words, references, plan, checklists, config, software, code, inputs.

    Parameters
    ----------
    inputs
        Raw files by the config key that names them.
    told
        What the statistics stage says (methods.json): methods, results, references, checklists; None without that stage.
    """
    own = [*_study(config), *_imaging(config), *_clinical(config)]
    found: list[dict[str, Any]] = []
    if told is None:
        found.append(_text("Methods", paragraphs=own))
    else:
        numbers = {name: number for number, name in enumerate(told["references"], 1)}
        found.append(_text("Methods", paragraphs=[*own, *(_cited(part, numbers) for part in told["methods"])]))
        sentences = [f"{part['topic']}: {part['text']}" for part in told["results"]]
        found.append(_text("Results in words", paragraphs=sentences))
        found.append(
            _text("References", pairs=[(str(numbers[name]), text) for name, text in told["references"].items()])
        )
    if plan := provenance.declared(config):
        pairs = [("SHA-256 of plan and visits", plan["sha256"])]
        found.append(_text("Analysis plan", pairs=pairs, code=plan["text"]))
    for name, items in (told["checklists"] if told else {}).items():
        pairs = [
            (f"{item['item']} {item['asks']}", " ".join(filter(None, (item["answered"], item["where"]))))
            for item in items
        ]
        found.append(_text(f"{name} checklist", pairs=pairs))
    found.append(_text("Config, without paths", code=provenance.as_yaml(provenance.without_paths(config))))
    found.append(_text("Code", pairs=[(line["what"], line["value"]) for line in provenance.code()]))
    found.append(_text("Software", pairs=[(line["program"], line["version"]) for line in provenance.software()]))
    if prints := provenance.inputs(inputs):
        pairs = [(line["what"], f"{line['fingerprint']} ({line['size']} bytes)") for line in prints]
        found.append(_text("Inputs (BLAKE2b, 128 bits)", pairs=pairs))
    return found


def _text(title: str, paragraphs: Any = (), pairs: Any = (), code: str = "") -> dict[str, Any]:
    return {"title": title, "paragraphs": list(paragraphs), "pairs": list(pairs), "code": code}


def _study(config: Mapping[str, Any]) -> list[str]:
    visits = "; ".join(
        f"{name}: day {visit['window'][0]} to {visit['window'][1]}" for name, visit in config["visits"].items()
    )
    return [f"Days count from treatment start; a record after it is never baseline. Windows of the visits: {visits}."]


def _imaging(config: Mapping[str, Any]) -> list[str]:
    if "adc" not in config:
        return []
    adc = config["adc"]
    low, high = adc.get("b_min"), adc.get("b_max")
    ends = [f"from {low}"] if low is not None else []
    ends += [f"up to {high}"] if high is not None else []
    chosen = f"b values {' '.join(ends)} s/mm²" if ends else "all b values"
    text = "The apparent diffusion coefficient (ADC) was fitted voxel by voxel with "
    text += f"{ESTIMATORS[adc['estimator']]}, {chosen}"
    text += "; samples that had decayed into the noise floor were left out" if adc.get("noise_guard") else ""
    text += "; the b volumes were registered rigidly onto the lowest one." if adc.get("registration") else "."
    said = [text]
    if roi := config.get("roi"):
        region = "Values are means over the usable voxels of the drawn regions; "
        region += f"a participant's ADC weights lesions by {roi['weights']}"
        region += " over the lesions measured at both visits." if roi["weights"] == "baseline volume" else "."
        if repeat := roi.get("repeatability"):
            region += (
                f" Change was judged against a repeatability coefficient of {repeat['percent']} % ({repeat['source']})."
            )
        said.append(region)
    return said


def _clinical(config: Mapping[str, Any]) -> list[str]:
    said = []
    if "labs" in config:
        said.append(
            "Laboratory values were brought to one unit an analyte; assays that are not interchangeable were not converted."
        )
    if quality := config.get("questionnaires"):
        named = (
            f"{quality.get('instrument', '')} ({quality.get('scoring', '')} scoring)" if "instrument" in quality else ""
        )
        said.append(f"Questionnaires were scored from item answers{': ' + named if named else ''}.")
    if events := config.get("adverse_events"):
        said.append(
            f"Adverse events were graded by CTCAE version {events['ctcae']}; treatment-emergent are those that "
            f"were new or worse than before treatment, up to {events['days_after_last_dose']} days after the last dose. "
            "Participants were counted, by worst grade."
        )
    if response := config.get("response"):
        said.append(
            f"Response follows RECIST 1.1; a response was confirmed by a second assessment "
            f"at least {response['confirm_days']} days later, stable disease needed {response['stable_days']} days. "
            "Progression was judged against the nadir."
        )
    return said


def _cited(part: Mapping[str, Any], numbers: Mapping[str, int]) -> str:
    cited = ", ".join(str(number) for number in sorted(numbers[name] for name in part["references"]))
    return f"{part['topic']}. {part['text']}" + (f" [{cited}]" if cited else "")
