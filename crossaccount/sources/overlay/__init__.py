"""An account as it will be: what a program declares laid over what is there."""
