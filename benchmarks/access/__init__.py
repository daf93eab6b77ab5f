"""How long the analysis of large estates takes, and how much memory: ``python -m benchmarks.access``."""
