"""``python -m lanner``: the command line."""

from lanner.cli import main

raise SystemExit(main())
