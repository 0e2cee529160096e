"""``python -m colorkit`` is the command ``colorkit``."""

from colorkit.cli import main

if __name__ == "__main__":
    main()
