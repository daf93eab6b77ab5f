"""The program of every stack; see ``components/program.py``."""

from components.program import main as main
from components.program import program as program
