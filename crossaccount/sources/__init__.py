"""Estates from where they are: what a program declares, and what an account holds. Always in AWS's own shape."""
