"""Generated files, made from the code: ``python -m docs.generator`` writes them. Not part of what is installed."""
