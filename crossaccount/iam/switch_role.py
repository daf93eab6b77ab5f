"""The console's link to switch to a role.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html: account (ID or alias),
role with its path, a display name of at most 64 characters, and a colour. The console cannot pass an external ID.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

HEX_COLORS = {"red": "F2B0A9", "orange": "FBBF93", "yellow": "FAD791", "green": "B7CA9D", "blue": "99BCE3"}
"""The colours of the console's own form."""
_SIGN_IN = {
    "aws": "https://signin.aws.amazon.com/switchrole",
    "aws-cn": "https://signin.amazonaws.cn/switchrole",
    "aws-us-gov": "https://signin.amazonaws-us-gov.com/switchrole",
}
MOST_CHARACTERS = 64


def hex_color(color: str) -> str:
    """Six hex digits of a colour's name or digits; empty for none."""
    return HEX_COLORS.get(color, color)


def default_display_name(role: str, account: str) -> str:
    """``Role@account`` (ID or alias), cut as the console's form would."""
    return f"{role}@{account}"[:MOST_CHARACTERS]


def switch_role_link(partition: str, account_id: str, role_path: str, display_name: str, color: str = "") -> str:
    """The link. ``role_path`` is ``team/Deployer`` for a role with a path, ``color`` six hex digits or empty."""
    fields = {"account": account_id, "roleName": role_path, "displayName": display_name}
    if color:
        fields["color"] = color
    return f"{_SIGN_IN.get(partition, _SIGN_IN['aws'])}?{urlencode(fields, quote_via=quote, safe='')}"
