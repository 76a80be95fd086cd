"""Adverse events: words to CTCAE terms and grades, what is treatment-emergent, incidence, doses.

in   the sheet of adverse events, optionally a sheet of doses and the study's own dictionary; participants
out  <results>/adverse_events/events.tsv worst_grades.tsv exclusions.tsv (exposure.tsv),
     <results>/statistics/adverse_event_incidence.tsv; words that no dictionary knows stand in <private>/adverse_events
"""

if has("adverse_events"):
    doses = config["adverse_events"]["exposure"]
    own_terms = config["adverse_events"]["dictionary"]

    rule grade_adverse_events:
        """Each event with its CTCAE term, grade and whether it is treatment-emergent; the worst grades."""
        input:
            sheet=raw(config["adverse_events"]["file"]),
            participants=raw(config["participants"]),
            dictionary=[raw(own_terms)] if own_terms else [],
            exposure=["<results>/adverse_events/exposure.tsv"] if doses else [],
            notes=["<results>/adverse_events/exposure_exclusions.tsv"] if doses else [],
        output:
            events="<results>/adverse_events/events.tsv",
            worst_grades="<results>/adverse_events/worst_grades.tsv",
            exclusions="<results>/adverse_events/exclusions.tsv",
            unmapped="<private>/adverse_events/unmapped.tsv",
        log:
            "<logs>/grade_adverse_events.log",
        benchmark:
            "<logs>/benchmarks/grade_adverse_events.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("grade_adverse_events", "adverse_events", "flow/columns.yaml"),
            options=options("visits", "adverse_events"),
            dictionary=lambda wildcards, input: (
                ["--dictionary", *input.dictionary] if input.dictionary else []
            ),
            exposure=lambda wildcards, input: (
                ["--exposure", *input.exposure] if input.exposure else []
            ),
        shell:
            'python "$ADCOHORT/scripts/grade_adverse_events.py" {input.sheet:q} --participants {input.participants:q}'
            " --options {params.options:q} {params.dictionary:q} {params.exposure:q} --notes {input.notes:q}"
            " --events {output.events:q} --worst-grades {output.worst_grades:q}"
            " --exclusions {output.exclusions:q} --unmapped {output.unmapped:q} 2> {log:q}"

    rule count_adverse_events:
        """How many participants had each treatment-emergent event, any grade and grade 3 or more, and per time at risk."""
        input:
            events="<results>/adverse_events/events.tsv",
            participants=raw(config["participants"]),
            exposure=["<results>/adverse_events/exposure.tsv"] if doses else [],
        output:
            "<results>/statistics/adverse_event_incidence.tsv",
        log:
            "<logs>/count_adverse_events.log",
        benchmark:
            "<logs>/benchmarks/count_adverse_events.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("count_adverse_events", "adverse_events"),
            options=options("adverse_events"),
            alpha=config.get("statistics", {}).get("alpha", 0.05),
            exposure=lambda wildcards, input: (
                ["--exposure", *input.exposure] if input.exposure else []
            ),
        shell:
            'python "$ADCOHORT/scripts/count_adverse_events.py" {input.events:q} --participants {input.participants:q}'
            " --options {params.options:q} --alpha {params.alpha} {params.exposure:q} --incidence {output:q} 2> {log:q}"

    deliver(
        "adverse_events",
        "<results>/adverse_events/worst_grades.tsv",
        "<results>/statistics/adverse_event_incidence.tsv",
    )


if has("adverse_events") and config["adverse_events"]["exposure"]:

    rule summarise_exposure:
        """Dose intensity, interruptions and the last dose of each participant."""
        input:
            sheet=raw(doses["file"]),
            participants=raw(config["participants"]),
            dictionary=[raw(own_terms)] if own_terms else [],
        output:
            exposure="<results>/adverse_events/exposure.tsv",
            exclusions="<results>/adverse_events/exposure_exclusions.tsv",
        log:
            "<logs>/summarise_exposure.log",
        benchmark:
            "<logs>/benchmarks/summarise_exposure.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code(
                "summarise_exposure",
                "adverse_events",
                "flow/columns.yaml",
            ),
            options=options("adverse_events"),
            dictionary=lambda wildcards, input: (
                ["--dictionary", *input.dictionary] if input.dictionary else []
            ),
        shell:
            'python "$ADCOHORT/scripts/summarise_exposure.py" {input.sheet:q} --participants {input.participants:q}'
            " --options {params.options:q} {params.dictionary:q} --exposure {output.exposure:q} --exclusions {output.exclusions:q} 2> {log:q}"
