"""Evaluates the ``Condition`` element: compiled once per statement, evaluated once per request context.

``RequestContext`` is what a request says about itself, ``Condition`` one operator on one key, ``compile_conditions``
turns the element of a policy into conditions, ``unmet`` says which of them a request does not meet. What may be written
there (and is refused) is the business of ``iam.condition_syntax``.
"""

from __future__ import annotations

from crossaccount.iam.conditions.condition import Condition, ConditionError, compile_conditions, unmet
from crossaccount.iam.conditions.context import RequestContext

__all__ = ["Condition", "ConditionError", "RequestContext", "compile_conditions", "unmet"]
