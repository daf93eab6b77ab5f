"""The first hour: ``init`` writes a new project, ``doctor`` shows what this machine lacks to run it."""
