"""Policy documents as resources hold them: text, compared by meaning.

AWS hands a document back in its own spelling. pulumi-aws keeps the text of the state where that means the same
(``verify.PolicyToSet``), so that a refresh shows only real changes; so does this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from crossaccount.iam.arn import ACCOUNT_ID, root_arn
from crossaccount.iam.documents import as_list, canonical


def equivalent(one: Any, other: Any) -> bool:
    """Whether two texts are the same policy (or, where one is no policy, the same JSON or the same text)."""
    if one == other:
        return True
    try:
        return bool(_meaning(json.loads(one)) == _meaning(json.loads(other)))
    except (TypeError, ValueError):
        return False


def in_the_states_words(state: Any, found: Any) -> str:
    """The document that AWS has: in the state's text if that means the same, else as sorted compact JSON.

    ``found`` is what boto3 gives: the parsed document, or the (URL-encoded) text of one that is no JSON.
    """
    text = json.dumps(found, sort_keys=True, separators=(",", ":")) if isinstance(found, Mapping) else unquote(found)
    return str(state) if equivalent(state, text) else text


def _meaning(document: Any) -> Any:
    try:
        return canonical(_with_root_arns(document))
    except (AttributeError, KeyError, TypeError, ValueError):
        return document  # not a policy by IAM's grammar: AWS says so, the comparison stays literal


def _with_root_arns(document: Any) -> Any:
    """The document with bare account IDs as principals spelled as root ARNs, which is how AWS stores them."""
    statements = [
        {key: _principals(value) if key in ("Principal", "NotPrincipal") else value for key, value in each.items()}
        for each in as_list(document.get("Statement"))
    ]
    return {**document, "Statement": statements}


def _principals(principals: Any) -> Any:
    if not isinstance(principals, Mapping) or "AWS" not in principals:
        return principals
    spelled = [root_arn(each) if ACCOUNT_ID.match(each) else each for each in as_list(principals["AWS"])]
    return {**principals, "AWS": spelled}
