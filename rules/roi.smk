"""Regions: from any drawing tool to one ADC a participant and visit.

in   regions of each visit (found by the index), ADC maps, accepted visits
out  <results>/roi/roi.tsv, participants.tsv, lesions.tsv, exclusions.tsv; overlays/<participant>.png and a folder of a picture
     a visit; masks/<visit> (label maps on the ADC grid); <results>/statistics/agreement.tsv
"""

if has("ingest", "adc", "roi"):

    rule measure_rois:
        """Values of every region of a visit on the ADC map of each run; the regions on its grid."""
        input:
            regions="<private>/index/regions/{participant}_ses-{visit}.json",
            converted="<results>/ingest/converted/{participant}_ses-{visit}",
            adc="<results>/adc/{participant}/ses-{visit}/dwi",
        output:
            values="<results>/roi/visits/{participant}_ses-{visit}.json",
            masks=directory("<results>/roi/masks/{participant}_ses-{visit}"),
        log:
            "<logs>/measure_rois/{participant}_ses-{visit}.log",
        benchmark:
            "<logs>/benchmarks/measure_rois/{participant}_ses-{visit}.jsonl"
        conda:
            "../envs/imaging.yaml"
        resources:
            mem_mb=growing(600),
            runtime=growing(3),
        params:
            code=code("measure_rois"),
            options=part(
                "roi",
                *("drawn_on", "resample", "erode", "min_voxels", "min_usable"),
                *("entropy_bin", "readers", "lesion_names"),
            ),
            data=config["data"],
        shell:
            'python "$ADCOHORT/scripts/measure_rois.py" {input.regions:q} --data {params.data:q}'
            " --converted {input.converted:q} --adc {input.adc:q} --options {params.options:q}"
            " --values {output.values:q} --masks {output.masks:q} 2> {log:q}"

    rule gather_rois:
        """Lesions over the visits, each participant's ADC, changes against baseline, and what was not used."""
        input:
            measured=per_visit("<results>/roi/visits/{participant}_ses-{visit}.json"),
            masks=per_visit("<results>/roi/masks/{participant}_ses-{visit}"),
            visits="<results>/ingest/visits.json",
            indexed=indexed("series.json"),
            unused=indexed("unused_regions.json"),
            lesions="<results>/response/lesions.tsv" if has("response") else [],
        output:
            roi="<results>/roi/roi.tsv",
            participants="<results>/roi/participants.tsv",
            lesions="<results>/roi/lesions.tsv",
            overlaps="<results>/roi/overlaps.json",
            exclusions="<results>/roi/exclusions.tsv",
        log:
            "<logs>/gather_rois.log",
        benchmark:
            "<logs>/benchmarks/gather_rois.jsonl"
        conda:
            "../envs/tables.yaml"
        resources:
            mem_mb=growing(600),
            runtime=growing(15),
        params:
            code=code(
                "gather_rois",
                "roi/columns.yaml",
                "response/columns.yaml",
                "flow/columns.yaml",
            ),
            options=options("visits", "roi"),
            folders=lambda wildcards, output: [
                f"{Path(output.roi).parent}/{name}" for name in ("visits", "masks")
            ],
            lesions=lambda wildcards, input: (
                ["--lesions", input.lesions] if input.lesions else []
            ),
            out=lambda wildcards, output: str(Path(output.roi).parent),
        shell:
            'python "$ADCOHORT/scripts/gather_rois.py" {params.folders[0]:q} --masks {params.folders[1]:q}'
            " --indexed {input.indexed:q} --visits {input.visits:q} --unused {input.unused:q} {params.lesions:q}"
            " --options {params.options:q} --out {params.out:q} 2> {log:q}"

    rule compare_readers:
        """Agreement of readers and of one reader's sessions: intraclass correlation, Bland-Altman limits, Dice."""
        input:
            roi="<results>/roi/roi.tsv",
            overlaps="<results>/roi/overlaps.json",
        output:
            "<results>/statistics/agreement.tsv",
        log:
            "<logs>/compare_readers.log",
        benchmark:
            "<logs>/benchmarks/compare_readers.jsonl"
        conda:
            "../envs/statistics.yaml"
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("compare_readers", "roi/columns.yaml"),
            options=options("visits"),
        shell:
            'python "$ADCOHORT/scripts/compare_readers.py" {input.roi:q} --overlaps {input.overlaps:q}'
            " --options {params.options:q} --agreement {output:q} 2> {log:q}"

    rule draw_overlays:
        """A participant's lesions over the visits on one page, and a picture of each visit with its regions."""
        input:
            measured=per_visit("<results>/roi/visits/{participant}_ses-{visit}.json"),
            masks=per_visit("<results>/roi/masks/{participant}_ses-{visit}"),
            converted=per_visit("<results>/ingest/converted/{participant}_ses-{visit}"),
            adc=per_visit("<results>/adc/{participant}/ses-{visit}/dwi"),
        output:
            page="<results>/roi/overlays/{participant}.png",
            visits=directory("<results>/roi/overlays/{participant}"),
        log:
            "<logs>/draw_overlays/{participant}.log",
        benchmark:
            "<logs>/benchmarks/draw_overlays/{participant}.jsonl"
        conda:
            "../envs/imaging.yaml"
        resources:
            mem_mb=growing(600),
            runtime=growing(10),
        params:
            code=code("draw_overlays", "figures/fonts"),
            options=options("title", "visits"),
            regions=part("roi", "reader", "baseline", "lesion_names"),
        shell:
            'python "$ADCOHORT/scripts/draw_overlays.py" --measured {input.measured:q} --masks {input.masks:q}'
            " --converted {input.converted:q} --adc {input.adc:q} --options {params.options:q} --regions {params.regions:q}"
            " --page {output.page:q} --visits {output.visits:q} 2> {log:q}"

    rule export_dicom:
        """ADC maps, regions and values of a visit as DICOM objects for the archive, with the patient's identity (opt-in)."""
        input:
            manifest="<private>/index/manifests/{participant}_ses-{visit}.json",
            adc="<results>/adc/{participant}/ses-{visit}/dwi",
            values="<results>/roi/visits/{participant}_ses-{visit}.json",
            masks="<results>/roi/masks/{participant}_ses-{visit}",
        output:
            directory("<private>/dicom/{participant}_ses-{visit}"),
        log:
            "<logs>/export_dicom/{participant}_ses-{visit}.log",
        benchmark:
            "<logs>/benchmarks/export_dicom/{participant}_ses-{visit}.jsonl"
        conda:
            "../envs/imaging.yaml"
        resources:
            mem_mb=growing(900),
            runtime=growing(10),
        params:
            code=code("export_dicom"),
            data=config["data"],
            estimator=config["adc"]["estimator"],
        shell:
            'python "$ADCOHORT/scripts/export_dicom.py" {input.manifest:q} --data {params.data:q} --adc {input.adc:q}'
            " --measured {input.values:q} --masks {input.masks:q} --estimator {params.estimator:q}"
            " --dicom {output:q} 2> {log:q}"

    if config["roi"]["export_dicom"]:
        deliver("roi", per_visit("<private>/dicom/{participant}_ses-{visit}"))
    deliver(
        "roi",
        "<results>/roi/roi.tsv",
        "<results>/roi/participants.tsv",
        "<results>/roi/lesions.tsv",
        "<results>/roi/exclusions.tsv",
        "<results>/statistics/agreement.tsv",
        per_participant("<results>/roi/overlays/{participant}.png"),
    )
