"""What people get: profiles, links, scripts and code for the paths that work, each with what the person has to meet.

``select.hand_out`` chooses the paths, ``kinds.write`` writes them.

Its exceptions: ``entry.HandoffError``, an option that cannot be met, or a file that must not be touched;
``verify.CallFailed``, STS could not be asked.
"""
