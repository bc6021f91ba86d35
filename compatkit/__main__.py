"""Run the command line as `python -m compatkit`."""

from compatkit.cli import main

main()
