"""crossaccount: one model of both sides of cross-account access."""

__all__ = ["__version__"]

__version__ = "0.1.0"
