"""``--recover``: repairs what a killed update leaves, a stack at a time, and then lets the update go on.

A killed CLI leaves its lock, and in the state a note of each creation that it had asked for. AWS may have made those
things or not: they are looked up. What is found is imported under the name that the program gives it; where its secret
died with the CLI it is deleted, and made again; all else is harmless to ask for once more.
"""

from __future__ import annotations
