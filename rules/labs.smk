"""Laboratory: sheets in any layout, language and unit become one value a participant, visit and analyte.

in   the sheets that the config names, participants, visits
out  <results>/labs/labs.tsv, analytes.tsv, sources.tsv (what was detected), exclusions.tsv; <private>/labs/links.tsv
     (each record's file and row: scripts/trace.py); BIDS phenotype table
"""

if has("labs"):

    deliver("labs", "<results>/labs/labs.tsv")

    LAB_FILES = [file["path"] for file in config["labs"]["files"]]

    rule harmonise_labs:
        """One value a participant, visit and analyte in the analyte's unit; every other record has its reason."""
        input:
            sheets=[raw(path) for path in LAB_FILES if "*" not in path],
            participants=raw(config["participants"]),
        output:
            labs="<results>/labs/labs.tsv",
            analytes="<results>/labs/analytes.tsv",
            sources="<results>/labs/sources.tsv",
            exclusions="<results>/labs/exclusions.tsv",
            phenotype=["<results>/bids/phenotype/labs.tsv"] if has("ingest") else [],
            links="<private>/labs/links.tsv",
        log:
            "<logs>/harmonise_labs.log",
        benchmark:
            "<logs>/benchmarks/harmonise_labs.jsonl"
        conda:
            "../envs/labs.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("harmonise_labs", "labs", "sheets", "flow/columns.yaml"),
            options=options("data", "visits", "labs"),
            tree=tree_state(*[path for path in LAB_FILES if "*" in path]),
        shell:
            'python "$ADCOHORT/scripts/harmonise_labs.py" --participants {input.participants:q}'
            " --options {params.options:q} --labs {output.labs:q} --phenotype {output.phenotype:q}"
            ' --private "$(dirname {output.links:q})" 2> {log:q}'
