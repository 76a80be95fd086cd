"""Ingest: any PACS export becomes a BIDS dataset of diffusion volumes.

in   a tree of DICOM files, in which names mean nothing; the participants' sheet; the visits
out  <results>/ingest/series.tsv      every series (and stray file) with its role and decision
     <results>/ingest/exclusions.tsv  what is not used, and why
     <results>/ingest/visits.json     accepted visits and runs; the primary acquisition
     <results>/bids/                  the dataset
     <private>/index/                 who is who and which file is what: nothing else links results to patients
"""

from adcohort import rawfiles

MASK_FOLDERS = rawfiles.folders((config.get("roi") or {}).get("masks", []))

if has("ingest"):

    checkpoint index_dicom:
        """Decide from headers what every file is, and which runs and regions stand for which visit."""
        input:
            participants=raw(config["participants"]),
            made=made(config["ingest"]["dicom"], "rois"),
        output:
            index=directory("<private>/index"),
        log:
            "<logs>/index_dicom.log",
        benchmark:
            "<logs>/benchmarks/index_dicom.jsonl"
        conda:
            "../envs/imaging.yaml"
        threads: 4
        resources:
            mem_mb=growing(1500),
            runtime=growing(60),
        params:
            code=code("index_dicom"),
            options=lambda wildcards: json.dumps(
                {
                    "visits": config["visits"],
                    "ingest": {"visits": config["ingest"]["visits"]},
                },
                sort_keys=True,
            ),
            masks=part("roi", "masks"),
            tree=tree_state(config["ingest"]["dicom"], *MASK_FOLDERS),
            data=lambda wildcards: config["data"],
            dicom=lambda wildcards: raw(config["ingest"]["dicom"]),
        shell:
            'python "$ADCOHORT/scripts/index_dicom.py" {params.dicom:q} --data {params.data:q}'
            " --participants {input.participants:q} --options {params.options:q}"
            " --masks {params.masks:q} --workers {threads} --index {output.index:q} 2> {log:q}"

    rule convert_dwi:
        """Turn one visit's diffusion runs into volumes; what is wrong with their pixels is a status, not a failure."""
        input:
            manifest="<private>/index/manifests/{participant}_ses-{visit}.json",
        output:
            converted=directory("<results>/ingest/converted/{participant}_ses-{visit}"),
        log:
            "<logs>/convert_dwi/{participant}_ses-{visit}.log",
        cache: True
        conda:
            "../envs/imaging.yaml"
        resources:
            mem_mb=growing(600),
            runtime=growing(3),
        params:
            code=code("convert_dwi"),
            volumes=config["ingest"]["volumes"],
            data=lambda wildcards: config["data"],
        shell:
            'python "$ADCOHORT/scripts/convert_dwi.py" {input.manifest:q} --data {params.data:q}'
            " --volumes {params.volumes:q} --converted {output.converted:q} 2> {log:q}"

    rule accept_dwi:
        """Gather what became of every series, and which runs were accepted."""
        input:
            converted=per_visit("<results>/ingest/converted/{participant}_ses-{visit}"),
            series=indexed("series.json"),
        output:
            series="<results>/ingest/series.tsv",
            exclusions="<results>/ingest/exclusions.tsv",
            visits="<results>/ingest/visits.json",
        log:
            "<logs>/accept_dwi.log",
        benchmark:
            "<logs>/benchmarks/accept_dwi.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(600),
            runtime=growing(30),
        params:
            code=code("accept_dwi", "ingest/columns.yaml", "flow/columns.yaml"),
            options=options("ingest"),
        shell:
            'python "$ADCOHORT/scripts/accept_dwi.py" "$(dirname {output.series:q})/converted" --series {input.series:q}'
            " --options {params.options:q} --table {output.series:q} --exclusions {output.exclusions:q}"
            " --visits {output.visits:q} 2> {log:q}"

    rule write_bids:
        """The accepted runs as a BIDS dataset."""
        input:
            visits="<results>/ingest/visits.json",
            participants=raw(config["participants"]),
        output:
            description="<results>/bids/dataset_description.json",
            participants="<results>/bids/participants.tsv",
        log:
            "<logs>/write_bids.log",
        benchmark:
            "<logs>/benchmarks/write_bids.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(600),
            runtime=growing(30),
        params:
            code=code("write_bids", "sheets/kinds.yaml"),
            options=options("title", "characteristics"),
        shell:
            'python "$ADCOHORT/scripts/write_bids.py" "$(dirname {input.visits:q})/converted" --visits {input.visits:q}'
            " --participants {input.participants:q} --options {params.options:q} --description {output.description:q} 2> {log:q}"

    deliver("ingest", "<results>/ingest/series.tsv", "<results>/bids/participants.tsv")
