"""``python -m bridge``: for where another program named bridge comes first on the PATH."""

from bridge.cli import main

main(prog_name="bridge")
