"""What the study holds, before anything is analysed: snakemake inventory --cores 1

in   the participants' sheet, the index, the stages' records
out  <results>/ingest/inventory.tsv   participants, series, regions and records, counted
"""


rule count_inventory:
    """Count what was found."""
    input:
        participants=raw(config["participants"]),
        series=indexed("series.json") if has("ingest") else [],
        regions=(
            per_visit("<private>/index/regions/{participant}_ses-{visit}.json")
            if has("ingest", "roi")
            else []
        ),
        unused=indexed("unused_regions.json") if has("ingest", "roi") else [],
        kept=[
            f"<results>/{stage}/{table}.tsv"
            for stage, table in {
                "labs": "labs",
                "questionnaires": "scores",
                "adverse_events": "events",
                "response": "lesions",
            }.items()
            if has(stage)
        ],
        excluded=[
            f"<results>/{stage}/exclusions.tsv"
            for stage in ("labs", "questionnaires", "adverse_events", "response")
            if has(stage)
        ],
    output:
        table="<results>/ingest/inventory.tsv",
        text="<results>/ingest/inventory.txt",
    log:
        "<logs>/count_inventory.log",
    benchmark:
        "<logs>/benchmarks/count_inventory.jsonl"
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        code=code("count_inventory", "ingest/columns.yaml", "sheets/kinds.yaml"),
        options=options("visits", "characteristics"),
        series=lambda wildcards, input: (
            ["--series", input.series] if input.get("series") else []
        ),
        regions=lambda wildcards, input: (
            [
                "--regions",
                f"{Path(input.unused).parent}/regions",
                "--unused",
                input.unused,
            ]
            if input.get("unused")
            else []
        ),
    shell:
        'python "$ADCOHORT/scripts/count_inventory.py" --participants {input.participants:q} {params.series:q}'
        " {params.regions:q} --kept {input.kept:q} --excluded {input.excluded:q} --options {params.options:q}"
        " --inventory {output.table:q} --text {output.text:q} 2> {log:q}"


rule inventory:
    """Print what the study holds; no analysis runs."""
    input:
        rules.count_inventory.output.text,
    log:
        "<logs>/inventory.log",
    localrule: True
    conda:
        "../envs/tables.yaml"
    shell:
        "cat {input:q} 2> {log:q}"
