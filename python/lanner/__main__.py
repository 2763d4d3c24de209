"""``python -m lanner``: the command line."""

from lanner.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
