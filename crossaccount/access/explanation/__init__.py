"""Why a principal can or cannot assume a role, and what would have to change."""
