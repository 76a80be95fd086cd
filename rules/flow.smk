"""The flow of participants and visits, who they are and how long they were followed.

in   participants; of each stage that the study has, its table of records and its exclusions.tsv
out  <results>/flow/flow.tsv exclusions.tsv (all stages') gaps.tsv gap_summary.tsv,
     <results>/statistics/baseline.tsv followup.tsv
"""

from adcohort import visits

FLOW_TABLES = {
    "ingest": "series",
    "adc": "adc",
    "roi": "participants",
    "labs": "labs",
    "questionnaires": "scores",
    "adverse_events": "events",
    "response": "timepoints",
}
FLOW_STAGES = [stage for stage in FLOW_TABLES if has(stage)]
# each stage's own windows, and the study's
FLOW_WINDOWS = {
    stage: visits.of_stage(config["visits"], config[stage].get("visits"))
    for stage in FLOW_STAGES
} | {"participants": config["visits"]}


rule join_flow:
    """Every stage's exclusions in one table; participants and records per modality and visit; gaps between modalities."""
    input:
        participants=raw(config["participants"]),
        tables=[f"<results>/{stage}/{FLOW_TABLES[stage]}.tsv" for stage in FLOW_STAGES],
        exclusions=[f"<results>/{stage}/exclusions.tsv" for stage in FLOW_STAGES],
    output:
        flow="<results>/flow/flow.tsv",
        joined="<results>/flow/exclusions.tsv",
        gaps="<results>/flow/gaps.tsv",
        gap_summary="<results>/flow/gap_summary.tsv",
    log:
        "<logs>/join_flow.log",
    benchmark:
        "<logs>/benchmarks/join_flow.jsonl"
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        code=code("join_flow", "flow/columns.yaml"),
        windows=json.dumps(FLOW_WINDOWS),
        tables=lambda wildcards, input: [
            f"{stage}={table}" for stage, table in zip(FLOW_STAGES, input.tables)
        ],
    shell:
        'python "$ADCOHORT/scripts/join_flow.py" --participants {input.participants:q} --windows {params.windows:q}'
        " --tables {params.tables:q} --exclusions {input.exclusions:q} --flow {output.flow:q}"
        " --joined {output.joined:q} --gaps {output.gaps:q} --gap-summary {output.gap_summary:q} 2> {log:q}"


rule describe_participants:
    """The baseline table, missing values counted, and the time of follow-up and treatment."""
    input:
        raw(config["participants"]),
    output:
        baseline="<results>/statistics/baseline.tsv",
        followup="<results>/statistics/followup.tsv",
    log:
        "<logs>/describe_participants.log",
    benchmark:
        "<logs>/benchmarks/describe_participants.jsonl"
    conda:
        "../envs/statistics.yaml"
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        code=code("describe_participants", "flow/columns.yaml", "sheets/kinds.yaml"),
        options=options("characteristics"),
        alpha=config.get("statistics", {}).get("alpha", 0.05),
    shell:
        'python "$ADCOHORT/scripts/describe_participants.py" {input:q} --options {params.options:q} --alpha {params.alpha}'
        " --baseline {output.baseline:q} --followup {output.followup:q} 2> {log:q}"


deliver(
    "flow",
    "<results>/flow/flow.tsv",
    "<results>/flow/exclusions.tsv",
    "<results>/flow/gaps.tsv",
    "<results>/statistics/baseline.tsv",
    "<results>/statistics/followup.tsv",
)
