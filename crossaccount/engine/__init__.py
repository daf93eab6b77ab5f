"""Run the program for a stack: by the pulumi CLI, in this process on a local AWS, or recorded without deploying.

Every engine takes the program as a callable and returns a :class:`~crossaccount.engine.deployment.Deployment`.

    Exception
    ├── OperationFailed
    │   └── DeploymentError    a run of one stack failed
    └── NotDone                ``work``: a run was abandoned; the engine returns an outcome
"""
