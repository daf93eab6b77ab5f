"""A first hour: ``init`` writes a project of one's own, ``doctor`` says what this machine lacks to run it."""
