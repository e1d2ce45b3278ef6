"""The `letheia` command: what must come before anything large is imported, then the command line.

Three things: stopping says how to go on, also during start-up; nothing is imported from the working directory; and
malloc is set for training.
"""

import os
import signal
import sys
from types import FrameType

# glibc gives large blocks back to the system at once and gets them again, which costs CPU training half its time
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296"}
_STOPS = (signal.SIGINT, signal.SIGTERM)
_GRACE = 10  # seconds for what stops: a call on its way, a library that swallows what is raised


def main() -> None:
    """Run the command line; some settings of the environment take effect only in a new process image."""
    wanted = {"PYTHONSAFEPATH": "1", **(_MALLOC if sys.platform == "linux" else {})}  # also for Pythons started here
    if sys.platform != "win32":
        if not all(name in os.environ for name in wanted):
            os.environ.update(wanted)
            signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)  # a stop waits until there is somebody to tell of it
            os.execv(sys.executable, [sys.executable, "-P", "-m", "letheia", *sys.argv[1:]])
        _listen()
    from letheia.cli.app import run

    try:
        run()
    finally:
        if sys.platform != "win32":  # what is done is done; Python's own end would die of a signal without a word
            signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)


def _listen() -> None:
    """Take over both signals, unless they are ignored, as SIGINT is in a command of the background."""
    if sys.platform == "win32":
        return
    for number in _STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)


def _stop(number: int, frame: FrameType | None) -> None:
    """Say how to go on, and end with what Ctrl-C (130) and a request to end (143) are known by.

    Raises:
        SystemExit: Unlike KeyboardInterrupt, it ends without a traceback wherever it is raised.
    """
    code = 128 + number
    for other in _STOPS:  # once more, and it ends at once; every file is whole at any time
        signal.signal(other, lambda *_: os._exit(code))
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, lambda *_: os._exit(code))
        signal.alarm(_GRACE)
    os.write(2, b"\n" * os.isatty(2) + b"stopped; run the same command again to go on\n")  # a terminal shows ^C first
    while frame:
        if "importlib._bootstrap" in frame.f_code.co_filename:  # the C++ that an import loads aborts at what is raised
            os._exit(code)
        frame = frame.f_back
    raise SystemExit(code)


if __name__ == "__main__":
    main()
