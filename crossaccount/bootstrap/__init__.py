"""How a pipeline gets into an account for the first time: its provider, its roles, and what they may do."""
