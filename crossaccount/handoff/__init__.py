"""What people get: profiles, links, scripts and code for the paths that work, each with what the person has to meet.

``select.hand_out`` chooses the paths, ``kinds.write`` writes them.

    BadInput
    └── HandoffError     ``entry``: an option that cannot be met, or a file that must not be changed
    OperationFailed
    └── StsCallFailed    ``verify``: no answer from STS, for another reason than permissions
"""
