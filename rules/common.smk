"""What every stage stands on: where the workflow lives, what can change a result, the stage's own part of the config."""

import functools
import gc
import json
import shlex
import sys
from pathlib import Path

HOME = str(Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent)
sys.path.insert(0, f"{HOME}/scripts")

from adcohort import bids, closing, codehash, files, study, unfinished
from adcohort.errors import StudyError
from snakemake.exceptions import WorkflowError

# thousands of jobs are millions of objects that stay; the hunt for garbage among them takes a sixth of a dry run
gc.set_threshold(200_000, 50, 1000)

# one thread a process unless more are asked for: the same sums on every machine, and no oversubscribed nodes
shell.prefix(
    f"export ADCOHORT={shlex.quote(HOME)} OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MPLBACKEND=Agg; set -euo pipefail; "
)

try:
    config.update(study.checked(config, study.schema(Path(HOME, "config/schema"))))
except StudyError as problem:
    raise WorkflowError("\n" + "\n".join(problem.problems))


wildcard_constraints:
    participant="sub-[a-zA-Z0-9]+",
    visit="[a-zA-Z0-9]+",


MODULES = codehash.Reader(Path(".snakemake/adcohort_code.json"))
UNFINISHED = (
    unfinished.outputs(Path(".snakemake/incomplete"))
    if workflow.is_main_process
    else set()
)
DELIVERABLES = []
NOT_THERE = []


def has(*stages):
    """Whether the study has these stages."""
    return all(stage in config for stage in stages)


def deliver(stage, *paths):
    """Name what a stage makes for the user; made by default if the study has the stage."""
    if stage in study.SETTINGS or has(stage):
        with_images = has("ingest") and stage not in study.OF_SHEETS
        DELIVERABLES.extend([after_index(*paths)] if with_images else paths)


def deliverables():
    """All that was delivered, in the order of the flow; asked for when every rule is known."""
    MODULES.remember()
    if NOT_THERE:
        raise WorkflowError("\n" + "\n".join(dict.fromkeys(NOT_THERE)))
    return DELIVERABLES


def code(script, *resources):
    """Content hash of a script, of the library modules that it reaches and of the named resources."""
    named = [f"resources/{name}" for name in resources]
    return codehash.code_hash(HOME, f"scripts/{script}.py", *named, reader=MODULES)


def options(*keys):
    """These parts of the config as JSON in one order: a change elsewhere reruns nothing here. A stage left out is null."""
    text = json.dumps(
        study.in_standard_order({key: config.get(key) for key in keys}, kept=())
    )
    # a function's words are not searched for wildcards; patterns have braces
    return lambda wildcards: text


def part(stage, *keys):
    """These keys of one stage's config as sorted JSON."""
    chosen = {stage: {key: (config.get(stage) or {}).get(key) for key in keys}}
    return lambda wildcards: json.dumps(chosen, sort_keys=True)


def raw(path):
    """A raw file or folder of the study, as written in the config; one that is not there is named before anything runs."""
    found = Path(config["data"], path)
    if "example" not in config and "*" not in path and not found.exists():
        missing = f"config: {path!r} is not in {config['data']!r}. Correct the path, or put the file there."
        if not Path(config["data"]).is_dir():
            missing = f"config: data: there is no folder {config['data']!r}. Correct the path."
        NOT_THERE.append(missing)
    return str(found)


def tree_state(*paths):
    """Params function: the state of found files (folders, or patterns with *) when the DAG is built."""

    def state(wildcards):
        found = [
            [top] if "*" not in path else sorted(Path(config["data"]).glob(path))
            for path in paths
            for top in [Path(raw(path))]
        ]
        return files.tree_digest(top for group in found for top in group)

    return state


def index_folder():
    """The index, once it is made."""
    folder = checkpoints.index_dicom.get().output[0]
    # Snakemake asks what a killed run left unfinished before it knows the jobs that follow a checkpoint
    workflow.dag.forcefiles.update(UNFINISHED)
    return Path(folder)


def imaging_visits():
    """Visits with images by participant, known once the study's image files are indexed."""
    manifests = index_folder() / "manifests"
    return listed_visits(manifests, manifests.stat().st_mtime_ns)


@functools.lru_cache(maxsize=1)
def listed_visits(manifests, changed):
    """The folder is read once, not once for each job that asks."""
    found = {}
    for name in sorted(path.stem for path in manifests.glob("*.json")):
        participant, visit = bids.parts(name)
        found.setdefault(participant, []).append(visit)
    return found


def per_visit(*patterns):
    """Input function: each pattern for every imaging visit (of the job's participant, if it has one), filled in."""

    def expand_visits(wildcards):
        found = imaging_visits()
        only = wildcards.get("participant")
        people = found if only is None else [only]
        return [
            pattern.format(participant=participant, visit=visit)
            for pattern in patterns
            for participant in people
            for visit in found.get(participant, [])
        ]

    return expand_visits


def per_participant(*patterns):
    """Input function: each pattern for every participant with an imaging visit, with {participant} filled in."""

    def expand_participants(wildcards):
        return [
            pattern.format(participant=participant)
            for pattern in patterns
            for participant in imaging_visits()
        ]

    return expand_participants


def after_index(*paths):
    """Input function: paths (or input functions), asked for once the index is made; else Snakemake runs all that follows it."""

    def settled(wildcards):
        index_folder()
        found = [path(wildcards) if callable(path) else [str(path)] for path in paths]
        return sum(found, [])

    return settled


def indexed(name):
    """Input function: a file of the index. It has no edge to the index: same bytes rerun nothing."""

    def find(wildcards):
        return str(index_folder() / name)

    return find


def made(*paths):
    """Found files that the embedded example makes first; a real study's are there already."""
    return [raw(path) for path in paths] if "example" in config else []


def growing(amount):
    """Memory (MB) or time (minutes) of a rule, doubled when the profile tries a failed job again."""
    return lambda wildcards, attempt: amount * attempt
