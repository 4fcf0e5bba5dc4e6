"""`python -m mockserver` is `telnyx-mockserver`."""

from mockserver.cli import main

main()
