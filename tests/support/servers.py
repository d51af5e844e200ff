"""Real database servers for tests: MariaDB from the system's packages, MySQL from a folder of its own.

Each server has its own data directory, socket and free port, and dies with this process. SIGKILL of a server loses
nothing: what a commit wrote is in the operating system's cache (settings below), which is all that such tests need.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

import pymysql
import pymysql.cursors

from . import workdir

ADMIN_PASSWORD = "adm1n-Pw"
MYSQL_ROOT = pathlib.Path(os.environ.get("SLUICE_TEST_MYSQL_ROOT", "/var/cache/sluice-test/mysql-sid"))
KINDS = ("mariadb", "mysql")

_COMMON = [
    "--skip-name-resolve",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--local-infile=ON",
    "--character-set-server=utf8mb4",
]
_MARIADB = ["--gtid-strict-mode=ON"]
_MYSQL = ["--mysqlx=OFF", "--secure-file-priv=", "--innodb-use-native-aio=OFF", "--log-error-verbosity=2"]

# "test": small and without a sync to the disk. "bench": as a server is run in production, in the memory of one machine.
_PROFILES = {
    "test": {
        "common": [
            "--sync-binlog=0",
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            "--innodb-buffer-pool-size=64M",
            "--max-allowed-packet=64M",
        ],
        "mariadb": ["--innodb-log-file-size=64M"],
        "mysql": ["--innodb-redo-log-capacity=128M"],
    },
    "bench": {
        "common": [
            "--innodb-buffer-pool-size=2G",
            "--max-allowed-packet=64M",
            "--max-connections=200",
            "--innodb-flush-log-at-trx-commit=1",
        ],
        "mariadb": ["--innodb-log-file-size=1G", "--sync-binlog=0"],
        "mysql": ["--innodb-redo-log-capacity=1G", "--sync-binlog=0"],
    },
}


class ServerUnavailable(Exception):
    pass


class ServerFailed(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _die_with_parent():
    """In the child: SIGKILL when the thread that started it ends, even by SIGKILL (Linux prctl(2))."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _mysql_program(name):
    """MySQL's programs run with the libraries of their own folder; this needs no chroot and so no root."""
    libraries = MYSQL_ROOT / "usr/lib/x86_64-linux-gnu"
    loader = MYSQL_ROOT / "lib64/ld-linux-x86-64.so.2"
    if not loader.exists():  # another architecture than amd64
        loader = next(iter(sorted((MYSQL_ROOT / "lib").glob("ld-linux-*"))), loader)
        libraries = next(iter(sorted((MYSQL_ROOT / "usr/lib").glob("*-linux-gnu"))), libraries)
    return [str(loader), "--library-path", str(libraries), str(MYSQL_ROOT / "usr/sbin" / name), "--no-defaults"]


def _mysql_folders():
    return [
        f"--lc-messages-dir={MYSQL_ROOT}/usr/share/mysql",
        f"--plugin-dir={MYSQL_ROOT}/usr/lib/mysql/plugin",
        f"--character-sets-dir={MYSQL_ROOT}/usr/share/mysql/charsets",
    ]


def require(kind):
    """Raises ServerUnavailable with the way to get it."""
    if kind == "mariadb" and not shutil.which("mariadbd", path=_path()):
        raise ServerUnavailable("MariaDB is not installed: tools/install tests")
    if kind == "mysql" and not (MYSQL_ROOT / "usr/sbin/mysqld").exists():
        raise ServerUnavailable(
            f"no MySQL in {MYSQL_ROOT}: tools/install mysql (SLUICE_TEST_MYSQL_ROOT names another place)"
        )


def _path():
    return os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin"


def _user():
    return [f"--user={os.environ.get('USER', 'root')}"] if os.geteuid() == 0 else []


def _make_template(kind, path):
    """An initialised data directory with the account admin@%."""
    require(kind)
    log = path.parent / f"template-{kind}.log"
    if kind == "mariadb":
        command = [
            "mariadb-install-db",
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--innodb-log-file-size=64M",
            "--innodb-flush-method=nosync",
            "--skip-name-resolve",
        ]
    else:
        command = (
            _mysql_program("mysqld")
            + _mysql_folders()
            + ["--initialize-insecure", "--innodb-redo-log-capacity=64M", "--innodb-flush-method=nosync"]
        )
    # A folder for temporary files of its own: a starting MariaDB removes those of other servers from a shared one.
    scratch = path.parent / f"template-{kind}-tmp"
    scratch.mkdir(exist_ok=True)
    with open(log, "wb") as out:
        done = subprocess.run(
            command + [f"--datadir={path}", f"--tmpdir={scratch}"] + _user(),
            stdout=out,
            stderr=out,
            check=False,
            env={**os.environ, "PATH": _path()},
        )
    if done.returncode != 0:
        shutil.rmtree(path, ignore_errors=True)
        raise ServerFailed(f"initialising {kind} failed:\n{log.read_text(errors='replace')[-3000:]}")


class Server:
    """One server process. `extra` are options as on its command line, kept over restarts.

    All of it belongs to the main thread: a server dies with the thread that started it.
    """

    def __init__(self, kind, directory, template, extra=(), gtid=True, server_id=1, binlog=True, profile="test"):
        self.kind = kind
        self.directory = directory
        self.extra = list(extra)
        self.gtid = gtid
        self.binlog = binlog
        self.profile = _PROFILES[profile]
        self.server_id = server_id
        self.host = "127.0.0.1"
        self.port = None
        self.process = None
        self.socket = str(directory / "s.sock")
        self.data = directory / "data"
        self.log = directory / "server.log"
        subprocess.run(["cp", "-a", "--reflink=auto", str(template), str(self.data)], check=True)
        (self.data / "auto.cnf").unlink(missing_ok=True)  # each MySQL server makes its own server_uuid
        (directory / "init.sql").write_text(
            "SET sql_log_bin=0;\n"
            f"CREATE USER IF NOT EXISTS 'admin'@'%' IDENTIFIED BY '{ADMIN_PASSWORD}';\n"
            "GRANT ALL PRIVILEGES ON *.* TO 'admin'@'%' WITH GRANT OPTION;\n"
        )

    @property
    def is_mariadb(self):
        return self.kind == "mariadb"

    def _command(self):
        common = (
            [
                f"--datadir={self.data}",
                f"--port={self.port}",
                f"--bind-address={self.host}",
                f"--socket={self.socket}",
                f"--pid-file={self.directory}/pid",
                f"--log-error={self.log}",
                f"--server-id={self.server_id}",
                f"--init-file={self.directory}/init.sql",
                f"--tmpdir={self.directory}",
            ]
            + _user()
            + _COMMON
            + self.profile["common"]
        )
        if self.kind == "mariadb":
            command = ["mariadbd", "--no-defaults"] + common + _MARIADB + self.profile["mariadb"]
            if self.binlog:
                command += ["--log-bin=binlog", "--log-slave-updates=ON"]
        else:
            command = _mysql_program("mysqld") + _mysql_folders() + common + _MYSQL + self.profile["mysql"]
            command += ["--log-bin=binlog"] if self.binlog else ["--skip-log-bin"]
            if self.gtid and self.binlog:
                command += ["--gtid-mode=ON", "--enforce-gtid-consistency=ON"]
        return command + self.extra

    def start(self, seconds=60):
        for _ in range(5):
            if self.port is None:
                self.port = free_port()
            self.process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=open(self.log, "ab"),
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
                env={**os.environ, "PATH": _path()},
            )
            if self._wait_ready(seconds):
                return self
            if b"Address already in use" not in self.log.read_bytes()[-4000:]:
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
            except (pymysql.err.MySQLError, OSError):
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
            self.process.terminate()
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

    def connect(self, database=None, user="admin", password=ADMIN_PASSWORD, charset="utf8mb4", autocommit=True, **more):
        """A pymysql connection over the socket, in UTC, without sql_mode restrictions of the default kind."""
        connection = pymysql.connect(
            unix_socket=self.socket,
            user=user,
            password=password,
            database=database,
            charset=charset,
            autocommit=autocommit,
            connect_timeout=20,
            **more,
        )
        with connection.cursor() as cursor:
            cursor.execute("SET time_zone='+00:00'")
        return connection

    @contextlib.contextmanager
    def session(self, database=None, **more):
        connection = self.connect(database, **more)
        try:
            yield Session(connection)
        finally:
            with contextlib.suppress(Exception):
                connection.close()

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

    def create_account(self, name, password, *grants, host="%"):
        """`grants`: 'SELECT, SHOW VIEW ON shop.*' and the like."""
        self.execute(
            f"DROP USER IF EXISTS '{name}'@'{host}'",
            f"CREATE USER '{name}'@'{host}' IDENTIFIED BY '{password}'",
            *[f"GRANT {grant} TO '{name}'@'{host}'" for grant in grants],
        )

    def databases(self):
        hidden = ("mysql", "sys", "information_schema", "performance_schema")
        return [row[0] for row in self.query("SHOW DATABASES") if row[0] not in hidden]

    def drop_databases(self):
        """Back to an empty server; for servers that tests share."""
        with self.session() as session:
            session.execute("SET foreign_key_checks=0")
            for name in self.databases():
                session.execute(f"DROP DATABASE `{name.replace('`', '``')}`")


class Session:
    """Thin wrapper: execute and query with tuples, multi-statement scripts split by the caller."""

    def __init__(self, connection):
        self.connection = connection

    def execute(self, statement, args=None):
        with self.connection.cursor() as cursor:
            return cursor.execute(statement, args)

    def executemany(self, statement, rows):
        with self.connection.cursor() as cursor:
            return cursor.executemany(statement, rows)

    def query(self, statement, args=None):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, args)
            return list(cursor.fetchall())

    def stream(self, statement):
        with self.connection.cursor(pymysql.cursors.SSCursor) as cursor:
            cursor.execute(statement)
            yield from cursor

    def value(self, statement, args=None):
        rows = self.query(statement, args)
        return rows[0][0] if rows else None

    def commit(self):
        self.connection.commit()

    def rollback(self):
        self.connection.rollback()


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
            _make_template(kind, path)
            self._templates[kind] = path
        return self._templates[kind]

    def new(self, kind, **options):
        require(kind)
        with self._lock:
            self._number += 1
            number = self._number
        directory = self.base / f"{kind}{number}"
        directory.mkdir()
        options.setdefault("server_id", 100 + number)
        server = Server(kind, directory, self._template(kind), **options)
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
