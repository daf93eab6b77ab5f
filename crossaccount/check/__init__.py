"""``crossaccount check``: everything that can be said of a project's stacks offline, before anything is deployed."""
