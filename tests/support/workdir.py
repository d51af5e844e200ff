"""Scratch directories that do not outlive their process, however it ended."""

import atexit
import os
import pathlib
import re
import shutil
import tempfile

_PREFIX = "sluice-test-"


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sweep(base):
    """Removes what killed runs have left."""
    for entry in base.glob(_PREFIX + "*"):
        match = re.match(_PREFIX + r"(\d+)-", entry.name)
        if match and not _is_alive(int(match.group(1))):
            shutil.rmtree(entry, ignore_errors=True)


def make_base():
    """A directory of this process; its name holds the process id. SLUICE_TEST_DIR says where (default: TMPDIR).

    Short names: a server's Unix socket in it must have fewer than 108 characters.
    """
    parent = pathlib.Path(os.environ.get("SLUICE_TEST_DIR") or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent)
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
    path.chmod(0o755)
    owner = os.getpid()
    if not os.environ.get("SLUICE_TEST_KEEP"):
        atexit.register(lambda: os.getpid() == owner and shutil.rmtree(path, ignore_errors=True))
    return path
