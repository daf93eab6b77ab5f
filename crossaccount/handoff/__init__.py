"""What people get: profiles, links, scripts and code for the paths that work, each with what the person has to meet.

``select.hand_out`` chooses the paths, ``kinds.writing.write`` writes them. ``errors.HandoffError`` is the package's
only exception of its own: an option that cannot be met, or a file that must not be touched.
"""
