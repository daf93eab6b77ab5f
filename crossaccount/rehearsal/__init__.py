"""Rehearse a scenario: deploy its stacks on a fresh local AWS and try every access test with real calls.

OperationFailed
├── AssumeFailed    ``callers``: ``sts:AssumeRole`` failed for another reason than permissions
│   └── TokenRefused  ``callers``: AWS refused a provider's token before it looked at the role
├── CallFailed      ``trial``: a service call failed for another reason than permissions
└── Disagreement    ``trial``: the local AWS and the evaluator answer differently
"""
