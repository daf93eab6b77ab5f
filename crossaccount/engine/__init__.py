"""Run the program: by the pulumi CLI, in-process on a local AWS, or in-process on nothing, just recorded.

Every engine takes the program as a callable and gives back a :class:`~crossaccount.engine.deployment.Deployment`.

    Exception
    ├── OperationFailed
    │   └── DeploymentError    a run of one stack failed
    └── NotDone                ``work``: a run was given up; the engine makes it an outcome
"""
