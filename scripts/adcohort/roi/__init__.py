"""Regions: from any drawing tool to values that can be trusted."""
