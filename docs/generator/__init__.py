"""The reference, made from the code: ``python -m docs.generator`` writes it. Not part of what is installed."""
