"""The engines that run one stack: the pulumi CLI through the Automation API, and this process on a local AWS."""

from __future__ import annotations
