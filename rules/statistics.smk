"""Statistics: the declared plan (config key statistics) over the endpoint values of the other stages.

in   participants; labs.tsv, scores.tsv, roi/participants.tsv and roi.tsv, best.tsv and timepoints.tsv, where the study has them
out  <results>/statistics/: endpoints, paired, conventions, trend, adc_response, roc, missing, sensitivity (.tsv), exclusions.tsv
     methods.json: plan with its hash, methods and results in words, checklists
"""

if has("statistics"):

    rule gather_endpoints:
        """One value a participant, visit and endpoint, from every stage that measures one."""
        input:
            participants=raw(config["participants"]),
            labs=["<results>/labs/labs.tsv"] if has("labs") else [],
            scores=(
                ["<results>/questionnaires/scores.tsv"]
                if has("questionnaires")
                else []
            ),
            adc=["<results>/roi/participants.tsv"] if has("roi") else [],
            roi=["<results>/roi/roi.tsv"] if has("roi") else [],
        output:
            endpoints="<results>/statistics/endpoints.tsv",
            endpoints_columns="<results>/statistics/endpoints.json",
            lesions="<results>/statistics/lesion_values.tsv",
            lesions_columns="<results>/statistics/lesion_values.json",
            participants="<results>/statistics/participants.tsv",
            participants_columns="<results>/statistics/participants.json",
            exclusions="<results>/statistics/exclusions.tsv",
            exclusions_columns="<results>/statistics/exclusions.json",
        log:
            "<logs>/gather_endpoints.log",
        benchmark:
            "<logs>/benchmarks/gather_endpoints.jsonl"
        conda:
            "../envs/statistics.yaml"
        params:
            code=code(
                "gather_endpoints",
                "statistics/columns.yaml",
                "labs/columns.yaml",
                "questionnaires/columns.yaml",
                "roi/columns.yaml",
                "flow/columns.yaml",
            ),
            options=options("visits", "statistics"),
            labs=lambda wildcards, input: (
                f"--labs {shlex.quote(str(input.labs))}" if input.labs else ""
            ),
            scores=lambda wildcards, input: (
                f"--scores {shlex.quote(str(input.scores))}" if input.scores else ""
            ),
            adc=lambda wildcards, input: (
                f"--adc {shlex.quote(str(input.adc))} --roi {shlex.quote(str(input.roi))}"
                if input.adc
                else ""
            ),
            out=lambda wildcards, output: str(Path(output.endpoints).parent),
        shell:
            'python "$ADCOHORT/scripts/gather_endpoints.py" --participants {input.participants:q}'
            " {params.labs} {params.scores} {params.adc} --options {params.options:q}"
            " --out {params.out:q} 2> {log:q}"

    rule compare_paired:
        """Before against after: the declared comparison of each endpoint, and where R and SPSS print other numbers."""
        input:
            endpoints="<results>/statistics/endpoints.tsv",
            participants="<results>/statistics/participants.tsv",
        output:
            paired="<results>/statistics/paired.tsv",
            paired_columns="<results>/statistics/paired.json",
            conventions="<results>/statistics/conventions.tsv",
            conventions_columns="<results>/statistics/conventions.json",
        log:
            "<logs>/compare_paired.log",
        benchmark:
            "<logs>/benchmarks/compare_paired.jsonl"
        conda:
            "../envs/statistics.yaml"
        params:
            code=code("compare_paired", "statistics/columns.yaml"),
            options=options("visits", "statistics"),
        shell:
            'python "$ADCOHORT/scripts/compare_paired.py" {input.endpoints:q} --participants {input.participants:q}'
            " --options {params.options:q} --paired {output.paired:q} --conventions {output.conventions:q} 2> {log:q}"

    rule model_trend:
        """Courses over all visits: mixed models with visit as category, slope and Page's test beside them."""
        input:
            endpoints="<results>/statistics/endpoints.tsv",
            lesions="<results>/statistics/lesion_values.tsv",
        output:
            trend="<results>/statistics/trend.tsv",
            trend_columns="<results>/statistics/trend.json",
        log:
            "<logs>/model_trend.log",
        benchmark:
            "<logs>/benchmarks/model_trend.jsonl"
        conda:
            "../envs/statistics.yaml"
        params:
            code=code("model_trend", "statistics/columns.yaml"),
            options=options("visits", "statistics"),
        shell:
            'python "$ADCOHORT/scripts/model_trend.py" {input.endpoints:q} --lesions {input.lesions:q}'
            " --options {params.options:q} --trend {output.trend:q} 2> {log:q}"


deliver(
    "statistics",
    "<results>/statistics/paired.tsv",
    "<results>/statistics/conventions.tsv",
    "<results>/statistics/trend.tsv",
)
