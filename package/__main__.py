"""The components as a package for every Pulumi language: ``pulumi package add`` makes an SDK of them."""

from crossaccount import __version__
from crossaccount.components.package import main

main(__version__)
