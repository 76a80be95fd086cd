"""Statistics beside the comparisons: ADC and response, missing values, and all of it in words.

in   endpoints.tsv and participants.tsv of the statistics; best.tsv, where the study has it
out  <results>/statistics/: adc_response, roc, missing, sensitivity (.tsv, each with its .json)
     methods.json: plan with its hash, methods and results in words, references, checklists
"""

if has("statistics"):

    rule relate_adc_response:
        """ADC before treatment and its early change, responders against others, without a look into the future."""
        input:
            endpoints="<results>/statistics/endpoints.tsv",
            participants="<results>/statistics/participants.tsv",
            best=["<results>/response/best.tsv"] if has("response") else [],
        output:
            adc_response="<results>/statistics/adc_response.tsv",
            roc="<results>/statistics/roc.tsv",
        log:
            "<logs>/relate_adc_response.log",
        benchmark:
            "<logs>/benchmarks/relate_adc_response.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(900),
            runtime=growing(15),
        params:
            code=code(
                "relate_adc_response",
                "statistics/columns.yaml",
                "response/columns.yaml",
            ),
            options=options("visits", "statistics"),
            order=ENDPOINT_ORDER,
        shell:
            'python "$ADCOHORT/scripts/relate_adc_response.py" {input.endpoints:q} --participants {input.participants:q}'
            " --best {input.best:q} --options {params.options:q} --order {params.order:q} --adc-response {output.adc_response:q}"
            " --roc {output.roc:q} 2> {log:q}"

    rule assess_missing:
        """Missing values: counts, reasons, patterns, and what they could do to the primary comparisons."""
        input:
            endpoints="<results>/statistics/endpoints.tsv",
            participants="<results>/statistics/participants.tsv",
        output:
            missing="<results>/statistics/missing.tsv",
            sensitivity="<results>/statistics/sensitivity.tsv",
        log:
            "<logs>/assess_missing.log",
        benchmark:
            "<logs>/benchmarks/assess_missing.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(900),
            runtime=growing(30),
        params:
            code=code("assess_missing", "statistics/columns.yaml"),
            options=options("visits", "statistics"),
            order=ENDPOINT_ORDER,
        shell:
            'python "$ADCOHORT/scripts/assess_missing.py" {input.endpoints:q} --participants {input.participants:q}'
            " --options {params.options:q} --order {params.order:q} --missing {output.missing:q} --sensitivity {output.sensitivity:q} 2> {log:q}"

    rule describe_statistics:
        """Plan with its hash, methods with references, results in words, STROBE and TREND items with where they are answered."""
        input:
            tables=expand(
                "<results>/statistics/{table}.tsv",
                table=["paired", "trend", "adc_response", "missing", "sensitivity"],
            ),
        output:
            methods="<results>/statistics/methods.json",
        log:
            "<logs>/describe_statistics.log",
        benchmark:
            "<logs>/benchmarks/describe_statistics.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("describe_statistics", "statistics", "figures/names.yaml"),
            options=options("visits", "statistics"),
            order=ENDPOINT_ORDER,
            stages=" ".join(stage for stage in study.STAGES if has(stage)),
        shell:
            'python "$ADCOHORT/scripts/describe_statistics.py" "$(dirname {output.methods:q})"'
            " --options {params.options:q} --order {params.order:q} --stages {params.stages:q} --out {output.methods:q}"
            " 2> {log:q}"


for table in ("adc_response", "missing", "sensitivity"):
    deliver("statistics", f"<results>/statistics/{table}.tsv")
deliver("statistics", "<results>/statistics/methods.json")
