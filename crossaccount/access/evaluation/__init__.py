"""Verdicts by AWS's documented logic: the request, the sides that have a say in it, and what they come to."""
