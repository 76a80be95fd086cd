"""The embedded example: the raw files of a synthetic study, written into the study's data folder.

in   resources/example/ (parameters)
out  the raw files that config/config.yaml names: participants.csv, exposure.csv, adverse_events.csv, lesions.csv, …
"""

if "example" in config:

    rule make_example_images:
        """The archive's export (DICOM tree with regions) and the NIfTI regions beside it."""
        output:
            dicom=directory(raw("dicom")),
            rois=directory(raw("rois")),
        log:
            "<logs>/make_example_images.log",
        benchmark:
            "<logs>/benchmarks/make_example_images.jsonl"
        conda:
            "../envs/imaging.yaml"
        threads: 4
        resources:
            mem_mb=growing(1500),
            runtime=growing(20),
        params:
            code=code(
                "make_example_images", "example/cohort.yaml", "example/imaging.yaml"
            ),
            options=options("example"),
        shell:
            'python "$ADCOHORT/scripts/make_example_images.py" --options {params.options:q} --workers {threads}'
            " --dicom {output.dicom:q} --rois {output.rois:q} 2> {log:q}"

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
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("make_example_participants", "example/cohort.yaml"),
            options=options("example"),
        shell:
            'python "$ADCOHORT/scripts/make_example_participants.py" {output.participants:q} --exposure {output.exposure:q}'
            " --options {params.options:q} 2> {log:q}"

    rule make_example_labs:
        """The laboratory's sheets: serum markers from one hospital system, immune cells from another."""
        output:
            serum=raw("labs/serum.csv"),
            immune=raw("labs/immune.xlsx"),
        log:
            "<logs>/make_example_labs.log",
        benchmark:
            "<logs>/benchmarks/make_example_labs.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("make_example_labs", "example/cohort.yaml", "example/labs.yaml"),
            options=options("example"),
        shell:
            'python "$ADCOHORT/scripts/make_example_labs.py" --serum {output.serum:q} --immune {output.immune:q}'
            " --options {params.options:q} 2> {log:q}"

    rule make_example_questionnaires:
        """The SF-36 answers, a form a row."""
        output:
            sf36=raw("sf36.csv"),
        log:
            "<logs>/make_example_questionnaires.log",
        benchmark:
            "<logs>/benchmarks/make_example_questionnaires.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code(
                "make_example_questionnaires",
                "example/cohort.yaml",
                "example/questionnaires.yaml",
            ),
            options=options("example"),
        shell:
            'python "$ADCOHORT/scripts/make_example_questionnaires.py" --sf36 {output.sf36:q}'
            " --options {params.options:q} 2> {log:q}"

    rule make_example_events:
        """Adverse events in Chinese and English words."""
        output:
            raw("adverse_events.csv"),
        log:
            "<logs>/make_example_events.log",
        benchmark:
            "<logs>/benchmarks/make_example_events.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code(
                "make_example_events",
                "example/cohort.yaml",
                "example/adverse_events.yaml",
            ),
            options=options("example"),
        shell:
            'python "$ADCOHORT/scripts/make_example_events.py" {output:q} --options {params.options:q} 2> {log:q}'

    rule make_example_lesions:
        """Lesion measurements, one row a lesion and assessment."""
        output:
            raw("lesions.csv"),
        log:
            "<logs>/make_example_lesions.log",
        benchmark:
            "<logs>/benchmarks/make_example_lesions.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("make_example_lesions", "example/cohort.yaml"),
            options=options("example"),
        shell:
            'python "$ADCOHORT/scripts/make_example_lesions.py" {output:q} --options {params.options:q} 2> {log:q}'
