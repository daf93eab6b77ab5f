"""Verdicts by AWS's documented policy evaluation logic: the request, the answer of each side, and the result."""
