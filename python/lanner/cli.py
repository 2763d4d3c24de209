"""The entry point of the command `lanner`; its commands need the packages of the extra `cli`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return its exit status."""
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401
    except ImportError as error:
        sys.stderr.write(
            f'lanner: the command line needs {error.name}: pip install "lanner[cli]"\n'
        )
        return 2
    from lanner.commands import app

    app()
    return 0


if __name__ == "__main__":
    sys.exit(main())
