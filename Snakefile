"""adcohort: from the raw files of a treatment-response study to the tables, figures and report of its paper."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.25")

# a study's folder holds config.yaml; the workflow's own folder holds the embedded example's. --configfile wins over both.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml" if Path("config.yaml").is_file() else "config/config.yaml"


pathvars:
    private="private",


include: "rules/common.smk"
include: "rules/example.smk"
include: "rules/ingest.smk"
include: "rules/adc.smk"
include: "rules/roi.smk"
include: "rules/labs.smk"
include: "rules/questionnaires.smk"
include: "rules/adverse_events.smk"
include: "rules/response.smk"
include: "rules/inventory.smk"
include: "rules/flow.smk"
include: "rules/statistics.smk"
include: "rules/statistics_context.smk"
include: "rules/figures.smk"
include: "rules/report.smk"


onstart:
    # each look for jobs calls for another one a second later, and each finished job adds such a chain: after a thousand
    # jobs Snakemake does nothing else (9.27; the limit of jobs a second, which this serves, is not needed here)
    workflow.scheduler.job_rate_limiter = None
    files.private_folder(Path("private"))
    if "example" in config:
        print(
            "This is the embedded example. A study of your own has its config.yaml in its folder.",
            file=sys.stderr,
        )


onsuccess:
    files.remove_parts(Path("results"), Path("private"))
    if any(job.rule.name == "write_report" for job in workflow.dag.jobs):
        print(closing.words(Path("results")), file=sys.stderr)


# everything that the study's config asks for, up to the report
rule all:
    default_target: True
    input:
        deliverables(),
    localrule: True
