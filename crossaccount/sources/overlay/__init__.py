"""An account after an update: what a program declares, merged into the account as it is."""
