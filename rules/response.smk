"""Response by RECIST 1.1, rates, progression-free survival.

in   a sheet of lesion measurements (or of stated time-point responses); participants;
     laboratory values where a marker has to become normal for a complete response
out  <results>/response/timepoints.tsv best.tsv lesions.tsv exclusions.tsv,
     <results>/statistics/rates.tsv pfs.tsv pfs_curve.tsv survival_times.tsv
"""

if has("response"):

    rule evaluate_response:
        """Each assessment's response with its reason; each participant's best response, unconfirmed and confirmed."""
        input:
            sheet=raw(
                config["response"].get("lesions") or config["response"]["responses"]
            ),
            participants=raw(config["participants"]),
            labs=["<results>/labs/labs.tsv"] if config["response"]["cr_marker"] else [],
        output:
            lesions="<results>/response/lesions.tsv",
            timepoints="<results>/response/timepoints.tsv",
            best="<results>/response/best.tsv",
            exclusions="<results>/response/exclusions.tsv",
        log:
            "<logs>/evaluate_response.log",
        benchmark:
            "<logs>/benchmarks/evaluate_response.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("evaluate_response", "response", "flow/columns.yaml"),
            options=options("visits", "response"),
            labs=lambda wildcards, input: ["--labs", *input.labs] if input.labs else [],
        shell:
            'python "$ADCOHORT/scripts/evaluate_response.py" {input.sheet:q} --participants {input.participants:q}'
            " --options {params.options:q} {params.labs:q} --lesions {output.lesions:q} --timepoints {output.timepoints:q} --best {output.best:q}"
            " --exclusions {output.exclusions:q} 2> {log:q}"

    rule compute_rates:
        """Objective response and disease control, confirmed and not, of all treated and of the evaluable."""
        input:
            "<results>/response/best.tsv",
        output:
            "<results>/statistics/rates.tsv",
        log:
            "<logs>/compute_rates.log",
        benchmark:
            "<logs>/benchmarks/compute_rates.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("compute_rates", "response/columns.yaml"),
            alpha=config.get("statistics", {}).get("alpha", 0.05),
        shell:
            'python "$ADCOHORT/scripts/compute_rates.py" {input:q} --alpha {params.alpha} --rates {output:q} 2> {log:q}'

    rule time_progression:
        """Progression-free survival and duration of response: times, curves with the number at risk, medians."""
        input:
            best="<results>/response/best.tsv",
            participants=raw(config["participants"]),
        output:
            times="<results>/statistics/survival_times.tsv",
            medians="<results>/statistics/pfs.tsv",
            curves="<results>/statistics/pfs_curve.tsv",
        log:
            "<logs>/time_progression.log",
        benchmark:
            "<logs>/benchmarks/time_progression.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("time_progression", "response/columns.yaml"),
            alpha=config.get("statistics", {}).get("alpha", 0.05),
        shell:
            'python "$ADCOHORT/scripts/time_progression.py" {input.best:q} --participants {input.participants:q}'
            " --alpha {params.alpha} --times {output.times:q} --medians {output.medians:q} --curves {output.curves:q} 2> {log:q}"

    deliver(
        "response",
        "<results>/response/timepoints.tsv",
        "<results>/response/best.tsv",
        "<results>/statistics/rates.tsv",
        "<results>/statistics/pfs.tsv",
        "<results>/statistics/pfs_curve.tsv",
    )
