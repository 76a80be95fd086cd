"""The report: one self-contained page, the paper's tables in Word, pages by participant for large studies.

in   result tables, figures and pictures of the stages that the study has; the raw sheets, for their fingerprints
out  <results>/report/report.html tables.docx participants/ (empty unless the study is large)
"""

from adcohort import rawfiles

SHEETS = rawfiles.raw_files(config)
TABLES = [
    *(["ingest/series"] if has("ingest") else []),
    *(["adc/adc"] if has("adc") else []),
    *(
        [
            "roi/roi",
            "roi/participants",
            "roi/lesions",
            "statistics/agreement",
            "statistics/repeatability",
        ]
        if IMAGING_FIGURES
        else []
    ),
    *(["labs/labs", "labs/analytes"] if has("labs") else []),
    *(
        ["questionnaires/scores", "questionnaires/scales"]
        if has("questionnaires")
        else []
    ),
    *(
        ["adverse_events/events", "adverse_events/worst_grades"]
        if has("adverse_events")
        else []
    ),
    *(["statistics/adverse_event_incidence"] if has("adverse_events") else []),
    *(["response/timepoints", "response/best"] if has("response") else []),
    *([f"statistics/{table}" for table in ["rates", "pfs"]] if has("response") else []),
    *(
        [
            f"statistics/{table}"
            for table in [
                "endpoints",
                "paired",
                "trend",
                "adc_response",
                "missing",
                "sensitivity",
                "conventions",
            ]
        ]
        if has("statistics")
        else []
    ),
    *[
        "statistics/baseline",
        "statistics/followup",
        "flow/flow",
        "flow/exclusions",
        "flow/gap_summary",
    ],
]


rule write_report:
    """Everything that the study found, on one page and as Word tables."""
    input:
        tables=expand("<results>/{table}.tsv", table=TABLES),
        figures=expand(
            "<results>/figures/{name}.{kind}",
            name=FIGURES,
            kind=["caption.json", "svg", "tsv"],
        ),
        quality=per_participant("<results>/adc/qc/{participant}") if has("adc") else [],
        overlays=(
            per_participant(
                "<results>/roi/overlays/{participant}.png",
                "<results>/roi/overlays/{participant}",
            )
            if IMAGING_FIGURES
            else []
        ),
        sheets=[raw(path) for path in SHEETS.values()],
        methods="<results>/statistics/methods.json" if has("statistics") else [],
    output:
        html=report(
            "<results>/report/report.html",
            caption="../resources/report/captions/report.rst",
            category="Report",
            labels={"What": "the whole report"},
        ),
        word=report(
            "<results>/report/tables.docx",
            caption="../resources/report/captions/report.rst",
            category="Report",
            labels={"What": "tables of the paper (Word)"},
        ),
        participants=directory("<results>/report/participants"),
    log:
        "<logs>/write_report.log",
    benchmark:
        "<logs>/benchmarks/write_report.jsonl"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code(
            "write_report",
            "report",
            "figures/names.yaml",
            "ingest/columns.yaml",
            "adc/columns.yaml",
            "roi/columns.yaml",
            "labs/columns.yaml",
            "questionnaires/columns.yaml",
            "adverse_events/columns.yaml",
            "response/columns.yaml",
            "flow/columns.yaml",
            "statistics/columns.yaml",
        ),
        options=lambda wildcards: json.dumps(study.in_standard_order(config)),
        sheets=lambda wildcards, input: [
            f"{key}={path}" for key, path in zip(SHEETS, input.sheets)
        ],
        methods=lambda wildcards, input: (
            ["--methods", input.methods] if input.methods else []
        ),
        captions=lambda wildcards, input: [
            path for path in input.figures if path.endswith(".json")
        ],
        pictures=lambda wildcards, input: [
            word
            for option, folders in [
                ("--quality", input.quality),
                ("--overlays", input.overlays),
            ]
            if folders
            for word in [option, str(Path(folders[0]).parent)]
        ],
    shell:
        'python "$ADCOHORT/scripts/write_report.py" --tables {input.tables:q} --captions {params.captions:q}'
        " {params.pictures:q} {params.methods:q} --inputs {params.sheets:q} --options {params.options:q}"
        " --report {output.html:q} --word {output.word:q} --participants {output.participants:q} 2> {log:q}"


deliver(
    "report",
    rules.write_report.output.html,
    rules.write_report.output.word,
    rules.write_report.output.participants,
)
