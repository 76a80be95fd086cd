"""Diffusion: from signals at several b values to maps of the apparent diffusion coefficient."""
