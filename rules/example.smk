"""The embedded example: the raw files of a synthetic study, written into the study's data folder.

in   resources/example/ (parameters)
out  the raw files that config/config.yaml names: participants.csv, exposure.csv, adverse_events.csv, lesions.csv, …
"""

if "example" in config:

    rule make_example_participants:
        """The participants' sheet and the doses that they took."""
        output:
            participants=raw("participants.csv"),
            exposure=raw("exposure.csv"),
        log:
            "<logs>/make_example_participants.log",
        benchmark:
            "<logs>/benchmarks/make_example_participants.jsonl"
        conda:
            "../envs/tables.yaml"
        params:
            code=code("make_example_participants", "example/cohort.yaml"),
            options=options("example"),
        shell:
            'python "$ADCOHORT/scripts/make_example_participants.py" {output.participants:q} --exposure {output.exposure:q}'
            " --options {params.options:q} 2> {log:q}"
