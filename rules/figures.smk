"""Figures of the paper, each with its data as a table and a caption made from the numbers.

in   result tables of the stages that the study has
out  <results>/figures/<name>.svg .png (300 dpi) .pdf .tsv .json (data dictionary) .caption.json (title, legend, words for who cannot see it)
"""

ENDPOINT_FIGURES = [
    *(
        f"before_after_{family}"
        for family in (config.get("statistics") or {}).get("families", [])
    ),
    *(["changes"] if has("statistics") else []),
]
COHORT_FIGURES = [
    "flow",
    *(
        ["waterfall", "spider", "swimmer", "kaplan_meier_pfs", "kaplan_meier_dor"]
        if has("response")
        else []
    ),
    *(["adverse_events"] if has("adverse_events") else []),
]
IMAGING_FIGURES = (
    ["adc_over_time", "adc_gallery"] if has("ingest", "adc", "roi") else []
)
FIGURES = [*COHORT_FIGURES, *IMAGING_FIGURES, *ENDPOINT_FIGURES]
BESIDE = ["png", "pdf", "tsv", "json", "caption.json"]  # beside each figure's svg


rule draw_cohort:
    """Flow diagram, response of the lesions, survival, adverse events."""
    input:
        flow="<results>/flow/flow.tsv",
        participants=raw(config["participants"]) if has("response") else [],
        response=expand(
            "<results>/response/{table}.tsv",
            table=["best", "timepoints"] if has("response") else [],
        ),
        survival=expand(
            "<results>/statistics/{table}.tsv",
            table=["pfs", "pfs_curve"] if has("response") else [],
        ),
        worst=(
            ["<results>/adverse_events/worst_grades.tsv"]
            if has("adverse_events")
            else []
        ),
        incidence=(
            ["<results>/statistics/adverse_event_incidence.tsv"]
            if has("adverse_events")
            else []
        ),
    output:
        [
            report(
                f"<results>/figures/{name}.svg",
                caption="../resources/report/captions/cohort.rst",
                category="Figures",
                labels={"Figure": name.replace("_", " ")},
            )
            for name in COHORT_FIGURES
        ],
        expand("<results>/figures/{name}.{kind}", name=COHORT_FIGURES, kind=BESIDE),
    log:
        "<logs>/draw_cohort.log",
    benchmark:
        "<logs>/benchmarks/draw_cohort.jsonl"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=growing(900),
        runtime=growing(15),
    params:
        code=code(
            "draw_cohort",
            "figures",
            "flow/columns.yaml",
            "response/columns.yaml",
            "adverse_events/columns.yaml",
        ),
        options=options("visits"),
        folder=subpath(output[0], parent=True),
    shell:
        'python "$ADCOHORT/scripts/draw_cohort.py" --flow {input.flow:q} --participants {input.participants:q}'
        " --response {input.response:q} --survival {input.survival:q} --adverse-events {input.worst:q} {input.incidence:q}"
        " --options {params.options:q} --folder {params.folder:q} 2> {log:q}"


if IMAGING_FIGURES:

    rule draw_imaging:
        """ADC over time, and maps of some participants on one scale."""
        input:
            participants="<results>/roi/participants.tsv",
            trend=["<results>/statistics/trend.tsv"] if has("statistics") else [],
            best=["<results>/response/best.tsv"] if has("response") else [],
            maps=per_visit(
                "<results>/roi/visits/{participant}_ses-{visit}.json",
                "<results>/roi/masks/{participant}_ses-{visit}",
                "<results>/adc/{participant}/ses-{visit}/dwi",
                "<results>/ingest/converted/{participant}_ses-{visit}",
            ),
            visits="<results>/ingest/visits.json",
        output:
            [
                report(
                    f"<results>/figures/{name}.svg",
                    caption="../resources/report/captions/imaging.rst",
                    category="Figures",
                    labels={"Figure": name.replace("_", " ")},
                )
                for name in IMAGING_FIGURES
            ],
            expand("<results>/figures/{name}.{kind}", name=IMAGING_FIGURES, kind=BESIDE),
        log:
            "<logs>/draw_imaging.log",
        benchmark:
            "<logs>/benchmarks/draw_imaging.jsonl"
        conda:
            "../envs/report.yaml"
        resources:
            mem_mb=growing(900),
            runtime=growing(15),
        params:
            code=code(
                "draw_imaging",
                "figures",
                "roi/columns.yaml",
                "statistics/columns.yaml",
                "response/columns.yaml",
            ),
            options=lambda wildcards: json.dumps(
                {"visits": config["visits"], "reader": config["roi"]["reader"]}
            ),
            results=subpath(output[0], ancestor=2),
            folder=subpath(output[0], parent=True),
        shell:
            'python "$ADCOHORT/scripts/draw_imaging.py" --participants {input.participants:q} --trend {input.trend:q}'
            " --best {input.best:q} --roi {params.results:q}/roi --adc {params.results:q}/adc"
            " --converted {params.results:q}/ingest/converted --options {params.options:q} --folder {params.folder:q} 2> {log:q}"


if has("statistics"):

    rule draw_endpoints:
        """Before and after by family of endpoints; every standardised change on one scale."""
        input:
            paired="<results>/statistics/paired.tsv",
            endpoints="<results>/statistics/endpoints.tsv",
        output:
            [
                report(
                    f"<results>/figures/{name}.svg",
                    caption="../resources/report/captions/endpoints.rst",
                    category="Figures",
                    labels={"Figure": name.replace("_", " ")},
                )
                for name in ENDPOINT_FIGURES
            ],
            expand(
                "<results>/figures/{name}.{kind}", name=ENDPOINT_FIGURES, kind=BESIDE
            ),
        log:
            "<logs>/draw_endpoints.log",
        benchmark:
            "<logs>/benchmarks/draw_endpoints.jsonl"
        conda:
            "../envs/report.yaml"
        resources:
            mem_mb=growing(900),
            runtime=growing(15),
        params:
            code=code("draw_endpoints", "figures", "statistics/columns.yaml"),
            options=lambda wildcards: json.dumps({"statistics": config["statistics"]}),  # in the plan's order
            folder=subpath(output[0], parent=True),
        shell:
            'python "$ADCOHORT/scripts/draw_endpoints.py" --paired {input.paired:q} --endpoints {input.endpoints:q}'
            " --options {params.options:q} --folder {params.folder:q} 2> {log:q}"


deliver(
    "figures",
    *(
        f"<results>/figures/{name}.{kind}"
        for name in FIGURES
        for kind in ["svg", *BESIDE]
    ),
)
