"""How each shell assumes a role and exports the session. Every value is quoted for the shell that reads it.

A module a shell: ``quoted`` makes one word of any text, ``script`` writes the whole. What a shell has no safe way to
quote, ``unquotable`` says; such a value is refused and never written.
"""
