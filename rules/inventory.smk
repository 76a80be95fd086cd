"""Inventory: what the study's raw data hold, before anything is analysed (snakemake inventory --cores 1).

in   the index of the image files; the records that each stage of sheets keeps and refuses
out  the counts on the terminal, and <results>/ingest/inventory.tsv
"""


rule count_inventory:
    """Count what was found."""
    input:
        participants=raw(config["participants"]),
        series=indexed("series.json") if has("ingest") else [],
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
    params:
        code=code("count_inventory", "ingest/columns.yaml"),
        options=options("visits"),
        series=lambda wildcards, input: (
            ["--series", input.series] if input.get("series") else []
        ),
    shell:
        'python "$ADCOHORT/scripts/count_inventory.py" --participants {input.participants:q} {params.series:q}'
        " --kept {input.kept:q} --excluded {input.excluded:q} --options {params.options:q}"
        " --inventory {output.table:q} --text {output.text:q} 2> {log:q}"


rule inventory:
    """Print what the study holds; no analysis runs."""
    input:
        rules.count_inventory.output.text,
    log:
        "<logs>/inventory.log",
    conda:
        "../envs/tables.yaml"
    localrule: True
    shell:
        "cat {input:q} 2> {log:q}"
