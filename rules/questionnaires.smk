"""Questionnaires: answers in any layout become scores by a key that is data.

in   the sheets that the config names, participants, visits, resources/questionnaires/<instrument>.yaml
out  <results>/questionnaires/scores.tsv, items.tsv, scales.tsv, sources.tsv (what was detected), exclusions.tsv;
     <private>/questionnaires/links.tsv (each record's file and row: scripts/trace.py); BIDS phenotype table
"""

if has("questionnaires"):

    deliver("questionnaires", "<results>/questionnaires/scores.tsv")

    FORM_FILES = [file["path"] for file in config["questionnaires"]["files"]]
    OWN_KEY = [
        raw(path)
        for path in [config["questionnaires"]["instrument"]]
        if path.endswith((".yaml", ".yml"))
    ]

    rule score_questionnaires:
        """Scores of one form a participant and visit; what would be scored wrongly in silence stops with the evidence."""
        input:
            sheets=[raw(path) for path in FORM_FILES if "*" not in path],
            key=OWN_KEY,
            participants=raw(config["participants"]),
        output:
            scores="<results>/questionnaires/scores.tsv",
            answers="<results>/questionnaires/items.tsv",
            scales="<results>/questionnaires/scales.tsv",
            sources="<results>/questionnaires/sources.tsv",
            exclusions="<results>/questionnaires/exclusions.tsv",
            phenotype=(
                ["<results>/bids/phenotype/questionnaires.tsv"]
                if has("ingest")
                else []
            ),
            links="<private>/questionnaires/links.tsv",
        log:
            "<logs>/score_questionnaires.log",
        benchmark:
            "<logs>/benchmarks/score_questionnaires.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code(
                "score_questionnaires", "questionnaires", "sheets", "flow/columns.yaml"
            ),
            options=options("data", "visits", "questionnaires"),
            tree=tree_state(*[path for path in FORM_FILES if "*" in path]),
        shell:
            'python "$ADCOHORT/scripts/score_questionnaires.py" --participants {input.participants:q}'
            " --options {params.options:q} --scores {output.scores:q} --phenotype {output.phenotype:q}"
            ' --private "$(dirname {output.links:q})" 2> {log:q}'
