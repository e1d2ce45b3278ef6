"""The `letheia` command: start-up that must come before torch is imported, then the command line."""

import os
import sys

# glibc gives large blocks back to the system at once and gets them again, which costs CPU training half its time
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296"}


def main() -> None:
    """Run the command line; the settings of malloc take effect only in a new process image."""
    if sys.platform == "linux" and not all(name in os.environ for name in _MALLOC):
        os.environ.update(_MALLOC)
        os.execv(sys.executable, [sys.executable, "-m", "letheia", *sys.argv[1:]])
    from letheia.cli import run

    run()


if __name__ == "__main__":
    main()
