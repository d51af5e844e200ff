"""What servers of every kind have in common: a process, and sessions through Python's database interface."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time

ADMIN_PASSWORD = "adm1n-Pw"


class ServerUnavailable(Exception):
    """It is not installed; the text says how to get it."""


class ServerFailed(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent(death=signal.SIGKILL):
    """In the child: a signal when the thread that started it ends, even by SIGKILL (Linux prctl(2))."""
    ctypes.CDLL(None).prctl(1, int(death))


def path_with_sbin():
    return os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin"


class Server:
    """One server process. `extra` are options that are kept over restarts.

    All of it belongs to the main thread: a server dies with the thread that started it. A `database` is what a task
    moves under a name of its own: a database of MySQL, a schema of PostgreSQL.
    """

    engine = ""  # as a task file names it
    one_snapshot = ""  # begins a transaction that sees one state of all tables
    counter = ""  # makes a column number rows by itself
    unchecked = ""  # lets a session write what foreign keys forbid
    errors = ()  # what sessions raise when the server is gone or refuses
    stop_signal = signal.SIGTERM
    death_signal = signal.SIGKILL
    in_use = b"Address already in use"

    def __init__(self, kind, directory, extra=()):
        self.kind = kind
        self.directory = directory
        self.extra = list(extra)
        self.host = "127.0.0.1"
        self.port = None
        self.process = None
        self.data = directory / "data"
        self.log = directory / "server.log"

    is_mariadb = False

    # ------------------------------------------------------------ to be said by each kind

    def _command(self):
        raise NotImplementedError

    def _process_options(self):
        return {}

    def connect(self, database=None, **more):
        raise NotImplementedError

    def is_conflict(self, error):
        """A deadlock or a lock wait that took too long: the transaction may be tried again."""
        raise NotImplementedError

    def is_refusal(self, error):
        """The statement was refused, for a conflict or a constraint, and the session goes on."""
        raise NotImplementedError

    def run_script(self, text):
        """Many statements, as a file of them is given to the server's own client."""
        raise NotImplementedError

    def make_database(self, name):
        raise NotImplementedError

    def drop_database(self, name):
        raise NotImplementedError

    def quote(self, name):
        raise NotImplementedError

    def databases(self):
        """All that are not the server's own."""
        raise NotImplementedError

    def drop_databases(self):
        """Back to an empty server; for servers that tests share."""
        raise NotImplementedError

    # ------------------------------------------------------------ the process

    def start(self, seconds=60):
        for _ in range(5):
            if self.port is None:
                self.port = free_port()
            with open(self.log, "ab") as out:
                self.process = subprocess.Popen(
                    self._command(),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=lambda: die_with_parent(self.death_signal),
                    **self._process_options(),
                )
            if self._wait_ready(seconds):
                return self
            if self.in_use not in self.log.read_bytes()[-4000:]:
                break
            self.port = None
        raise ServerFailed(f"{self.kind} did not start:\n{self.tail_log()}")

    def _wait_ready(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            try:
                self.connect().close()
                return True
            except (*self.errors, OSError):
                time.sleep(0.02)
        self.kill()
        return False

    def tail_log(self, size=4000):
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else "(no log)"

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds=60):
        if self.is_running:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """SIGKILL, as a power cut for the process alone."""
        if self.is_running:
            self.process.kill()
            self.process.wait()

    def restart(self, extra=None):
        self.stop()
        if extra is not None:
            self.extra = list(extra)
        return self.start()

    def destroy(self):
        self.kill()
        if not os.environ.get("SLUICE_TEST_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)

    # ------------------------------------------------------------ sessions

    @contextlib.contextmanager
    def session(self, database=None, **more):
        connection = self.connect(database, **more)
        try:
            yield self.make_session(connection)
        finally:
            with contextlib.suppress(Exception):
                connection.close()

    def make_session(self, connection):
        return Session(connection)

    def execute(self, *statements, database=None):
        with self.session(database) as session:
            for statement in statements:
                session.execute(statement)

    def query(self, statement, args=None, database=None):
        with self.session(database) as session:
            return session.query(statement, args)

    def value(self, statement, args=None, database=None):
        rows = self.query(statement, args, database)
        return rows[0][0] if rows else None


class Session:
    """Thin wrapper: execute and query with tuples, multi-statement scripts split by the caller."""

    engine = ""

    def __init__(self, connection):
        self.connection = connection

    def execute(self, statement, args=None):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, args)
            return cursor.rowcount

    def executemany(self, statement, rows):
        with self.connection.cursor() as cursor:
            return cursor.executemany(statement, rows)

    def query(self, statement, args=None):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, args)
            return list(cursor.fetchall())

    def stream(self, statement):
        raise NotImplementedError

    def value(self, statement, args=None):
        rows = self.query(statement, args)
        return rows[0][0] if rows else None

    def commit(self):
        self.connection.commit()

    def rollback(self):
        self.connection.rollback()
