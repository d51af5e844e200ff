"""The servers of one test run."""

import threading

from .. import workdir
from . import mysql, postgresql


def _room(kind):
    return postgresql if kind.startswith("pg") else mysql


def require(kind):
    """Raises ServerUnavailable with the way to get it."""
    _room(kind).require(kind)


class Park:
    """Makes servers for one test run and ends all of them. `shared()` ones are made once and emptied between tests."""

    def __init__(self):
        self.base = workdir.make_base()
        self._templates = {}
        self._shared = {}
        self._all = []
        self._number = 0
        self._lock = threading.Lock()

    def _template(self, kind):
        if kind not in self._templates:
            path = self.base / f"template-{kind}"
            _room(kind).make_template(kind, path)
            self._templates[kind] = path
        return self._templates[kind]

    def new(self, kind, **options):
        require(kind)
        with self._lock:
            self._number += 1
            number = self._number
        directory = self.base / f"{kind}{'-' if kind[-1].isdigit() else ''}{number}"
        directory.mkdir()
        options.setdefault("server_id", 100 + number)
        server = _room(kind).make(kind, directory, self._template(kind), **options)
        self._all.append(server)
        return server.start()

    def shared(self, kind, role):
        """Role: "source" or "destination"; restarted if a test has left it dead."""
        server = self._shared.get((kind, role))
        if server is None:
            server = self._shared[(kind, role)] = self.new(kind)
        elif not server.is_running:
            server.start()
        return server

    def release(self, server):
        server.destroy()
        self._all.remove(server)

    def close(self):
        for server in self._all:
            server.destroy()
        self._all.clear()
        self._shared.clear()
