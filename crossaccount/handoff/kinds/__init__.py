"""One module a kind. Each says which entries it is able to express, and writes them; values in, text out."""
