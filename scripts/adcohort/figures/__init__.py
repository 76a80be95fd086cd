"""Figures of the paper: one subject a module, drawn from result tables."""
