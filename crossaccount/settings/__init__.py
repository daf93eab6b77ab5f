"""The config of a stack: its schema, and the settings of one config, with all problems in one report.

BadInput
└── SettingsError        a config cannot be used; it has every problem
    └── ReadsInCircle    ``order``: stacks read each other in a circle
"""

from crossaccount.settings.address_book import load_accounts
from crossaccount.settings.compiled import CompiledStack, compile_stack
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.load import load_settings
from crossaccount.settings.models.config import Trusted, Trusting
from crossaccount.settings.project import Project, compiled_in_order, deployment_order, read_project
from crossaccount.settings.settings import Settings

__all__ = [
    "CompiledStack",
    "Project",
    "Settings",
    "SettingsError",
    "Trusted",
    "Trusting",
    "compile_stack",
    "compiled_in_order",
    "deployment_order",
    "load_accounts",
    "load_settings",
    "read_project",
]
