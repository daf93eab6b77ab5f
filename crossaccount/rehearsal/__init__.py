"""Rehearse a scenario: deploy its stacks on a fresh local AWS and try every access test with real calls."""
