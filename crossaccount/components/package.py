"""The components as a Pulumi package; see ``components/package.py``."""

from components.package import main as main
