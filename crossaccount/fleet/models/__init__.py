"""What ``fleet.yaml`` may say, one model per idea. Fields have their YAML names; their docstrings are the docs."""

from crossaccount.fleet.models.accounts import Account
from crossaccount.fleet.models.credentials import AssumedRole, Credentials
from crossaccount.fleet.models.role_sets import Deviation, RoleSet
from crossaccount.fleet.models.selectors import Selector

__all__ = ["Account", "AssumedRole", "Credentials", "Deviation", "RoleSet", "Selector"]
