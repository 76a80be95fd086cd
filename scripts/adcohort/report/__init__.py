"""The report: what the result tables say, as one HTML file and as Word tables."""
