"""Statistics: the declared plan (config key statistics) over the endpoint values of the other stages.

in   participants; labs.tsv, scores.tsv, roi/participants.tsv and roi.tsv, where the study has them
out  <results>/statistics/: endpoints, lesion_values, participants, paired, conventions, trend (.tsv, each with its .json),
     exclusions.tsv
"""

from adcohort.statistics import plan as analysis_plan

if has("statistics"):

    try:
        analysis_plan.read(config["statistics"], config["visits"])
    except StudyError as problem:
        raise WorkflowError("\n" + "\n".join(problem.problems))

    # the config's order, which sorted options lose: it is the order of the rows
    ENDPOINT_ORDER = " ".join(
        code
        for family in config["statistics"]["families"].values()
        for code in family["endpoints"]
    )

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
            lesions="<results>/statistics/lesion_values.tsv",
            participants="<results>/statistics/participants.tsv",
            exclusions="<results>/statistics/exclusions.tsv",
        log:
            "<logs>/gather_endpoints.log",
        benchmark:
            "<logs>/benchmarks/gather_endpoints.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
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
        shell:
            'python "$ADCOHORT/scripts/gather_endpoints.py" --participants {input.participants:q}'
            " --labs {input.labs:q} --scores {input.scores:q} --adc {input.adc:q} --roi {input.roi:q}"
            ' --options {params.options:q} --out "$(dirname {output.endpoints:q})" 2> {log:q}'

    rule compare_paired:
        """Before against after: the declared comparison of each endpoint, and where R and SPSS print other numbers."""
        input:
            endpoints="<results>/statistics/endpoints.tsv",
            participants="<results>/statistics/participants.tsv",
        output:
            paired="<results>/statistics/paired.tsv",
            conventions="<results>/statistics/conventions.tsv",
        log:
            "<logs>/compare_paired.log",
        benchmark:
            "<logs>/benchmarks/compare_paired.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(900),
            runtime=growing(15),
        params:
            code=code("compare_paired", "statistics/columns.yaml"),
            options=options("visits", "statistics"),
            order=ENDPOINT_ORDER,
        shell:
            'python "$ADCOHORT/scripts/compare_paired.py" {input.endpoints:q} --participants {input.participants:q}'
            " --options {params.options:q} --order {params.order:q} --paired {output.paired:q} --conventions {output.conventions:q} 2> {log:q}"

    rule model_trend:
        """Courses over all visits: mixed models with visit as category, slope and Page's test beside them."""
        input:
            endpoints="<results>/statistics/endpoints.tsv",
            lesions="<results>/statistics/lesion_values.tsv",
        output:
            trend="<results>/statistics/trend.tsv",
        log:
            "<logs>/model_trend.log",
        benchmark:
            "<logs>/benchmarks/model_trend.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(900),
            runtime=growing(30),
        params:
            code=code("model_trend", "statistics/columns.yaml"),
            options=options("visits", "statistics"),
            order=ENDPOINT_ORDER,
        shell:
            'python "$ADCOHORT/scripts/model_trend.py" {input.endpoints:q} --lesions {input.lesions:q}'
            " --options {params.options:q} --order {params.order:q} --trend {output.trend:q} 2> {log:q}"


for table in ("paired", "conventions", "trend"):
    deliver("statistics", f"<results>/statistics/{table}.tsv")
