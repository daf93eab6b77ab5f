"""A fleet of accounts: ``fleet.yaml`` says which they are and what each gets, and becomes plain Pulumi stacks.

Owns ``fleet.yaml`` and the fleet's keys in ``Pulumi.<account>.yaml``; all other keys there are kept.
"""

from crossaccount.fleet.fleet import FLEET_FILE, Fleet, read_fleet
from crossaccount.fleet.planning import Plan, plan

__all__ = ["FLEET_FILE", "Fleet", "Plan", "plan", "read_fleet"]
