"""`python -m cws` is `cws`."""

from cws.cli import main

main()
