"""DICOM files of any vendor: from a tree of found files to diffusion volumes."""
