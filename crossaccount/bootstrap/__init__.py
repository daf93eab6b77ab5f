"""How a pipeline gets into an account for the first time: its provider, its roles, and what they may do.

BadInput
└── TooManyNames    the roles that a deployer manages do not fit into the permissions boundary of its entities
"""
