"""Print the memory and time that each rule used in the runs so far against what it asks for."""

import argparse
import json
import re
from collections import defaultdict
from pathlib import Path

from adcohort.errors import StudyError, for_the_person_at_the_keyboard

RULE = re.compile(r"^ *(?:rule|checkpoint) (\w+):\n(.*?)(?=^ *(?:rule|checkpoint) \w+:|\Z)", re.MULTILINE | re.DOTALL)


def asked(rules: Path) -> dict[str, tuple[int, int]]:
    """Rule to memory (MB) and time (minutes), from the rule files."""
    found = {}
    for file in sorted(rules.glob("*.smk")):
        for name, body in RULE.findall(file.read_text(encoding="utf-8")):
            numbers = [re.search(rf"{key}=(?:growing\()?(\d+)", body) for key in ("mem_mb", "runtime")]
            if all(numbers):
                found[name] = (int(numbers[0].group(1)), int(numbers[1].group(1)))  # type: ignore[union-attr]
    return found


def measured(logs: Path) -> dict[str, list[tuple[float, float]]]:
    """Rule to memory (MB) and time (s) of each job, from the benchmark files of Snakemake."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for file in sorted(logs.glob("benchmarks/**/*.jsonl")):
        rule = file.relative_to(logs / "benchmarks").parts[0].removesuffix(".jsonl")
        for line in file.read_text(encoding="utf-8").splitlines():
            job = json.loads(line)
            memory = job.get("max_rss")
            found[rule].append((float(memory) if isinstance(memory, int | float) else 0.0, float(job["s"])))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", type=Path, help="the study's folder of logs")
    parser.add_argument(
        "--rules", type=Path, default=Path(__file__).parents[1] / "rules", help="rule files (default: the workflow's)"
    )
    args = parser.parse_args()

    jobs = measured(args.logs)
    if not jobs:
        raise StudyError(f"{args.logs}: no benchmark files. Run the workflow first.")
    wanted = asked(args.rules)
    print(f"{'rule':<28}{'jobs':>6}{'MB, largest':>13}{'MB, asked':>11}{'s, longest':>12}{'s, asked':>10}")
    for rule, used in sorted(jobs.items()):
        memory, time = wanted.get(rule, (0, 0))
        print(
            f"{rule:<28}{len(used):>6}{max(m for m, _ in used):>13.0f}{memory:>11}{max(s for _, s in used):>12.1f}{time * 60:>10}"
        )


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
