"""ADC: every converted visit becomes maps of the apparent diffusion coefficient.

in   <results>/ingest/converted/sub-01_ses-baseline/ (status.json, *_dwi.nii.gz, .bval)
out  <results>/adc/sub-01/ses-baseline/dwi/ (BIDS derivative, see below), qc/sub-01/*.png, adc.tsv, exclusions.tsv;
     <results>/statistics/repeatability.tsv where the study has regions
"""

if has("ingest", "adc"):

    rule fit_adc:
        """ADC of one visit's runs: maps in mm2/s with their sidecars, and status.json (with wall time and memory)."""
        input:
            "<results>/ingest/converted/{participant}_ses-{visit}",
        output:
            directory("<results>/adc/{participant}/ses-{visit}/dwi"),
        log:
            "<logs>/fit_adc/{participant}_ses-{visit}.log",
        cache: True
        conda:
            "../envs/imaging.yaml"
        resources:
            mem_mb=growing(600),
            runtime=growing(3),
        params:
            code=code("fit_adc"),
            options=options("adc"),
            visit="{participant}_ses-{visit}",
        shell:
            'python "$ADCOHORT/scripts/fit_adc.py" {input:q} --folder {output:q} --options {params.options:q} 2> {log:q}'

    rule draw_adc_quality:
        """One participant's quality pictures: b0, highest b, ADC, residual, histogram and estimated motion of every run."""
        input:
            converted=per_visit("<results>/ingest/converted/{participant}_ses-{visit}"),
            fits=per_visit("<results>/adc/{participant}/ses-{visit}/dwi"),
        output:
            directory("<results>/adc/qc/{participant}"),
        log:
            "<logs>/draw_adc_quality/{participant}.log",
        benchmark:
            "<logs>/benchmarks/draw_adc_quality/{participant}.jsonl"
        conda:
            "../envs/imaging.yaml"
        resources:
            mem_mb=growing(900),
            runtime=growing(10),
        params:
            code=code("draw_adc_quality"),
        shell:
            'python "$ADCOHORT/scripts/draw_adc_quality.py" --converted {input.converted:q} --fits {input.fits:q}'
            " --folder {output:q} 2> {log:q}"

    rule summarise_adc:
        """All fits in one table; the maps become a BIDS derivative, without the visits that are gone."""
        input:
            fits=per_visit("<results>/adc/{participant}/ses-{visit}/dwi"),
            quality=per_participant("<results>/adc/qc/{participant}"),
            indexed=indexed("series.json"),
        output:
            table="<results>/adc/adc.tsv",
            dictionary="<results>/adc/adc.json",
            exclusions="<results>/adc/exclusions.tsv",
            description="<results>/adc/dataset_description.json",
        log:
            "<logs>/summarise_adc.log",
        benchmark:
            "<logs>/benchmarks/summarise_adc.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(600),
            runtime=growing(15),
        params:
            code=code("summarise_adc", "adc/columns.yaml", "flow/columns.yaml"),
            folder=subpath(output.table, parent=True),
        shell:
            # folders in place of lists: a command line has room for two thousand visits
            'python "$ADCOHORT/scripts/summarise_adc.py" {params.folder:q} --indexed {input.indexed:q} 2> {log:q}'

    deliver("adc", "<results>/adc/adc.tsv", "<results>/adc/exclusions.tsv")


if has("ingest", "adc", "roi"):

    rule estimate_repeatability:
        """Within-session repeatability: runs of one protocol on one day under one region, per lesion and pooled."""
        input:
            "<results>/roi/roi.tsv",
        output:
            table="<results>/statistics/repeatability.tsv",
            dictionary="<results>/statistics/repeatability.json",
        log:
            "<logs>/estimate_repeatability.log",
        benchmark:
            "<logs>/benchmarks/estimate_repeatability.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("estimate_repeatability", "adc/columns.yaml", "roi/columns.yaml"),
        shell:
            'python "$ADCOHORT/scripts/estimate_repeatability.py" {input:q} --repeatability {output.table:q} 2> {log:q}'

    deliver("adc", "<results>/statistics/repeatability.tsv")
