"""PostgreSQL: 15 from the system's packages, the others from folders that tools/install makes.

Tests work in the database `app` of a server. What they call a database is a schema in it.
"""

import base64
import hashlib
import hmac
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess

import psycopg2
import psycopg2.errorcodes

from ..waiting import wait_until
from .base import ADMIN_PASSWORD, Server, ServerFailed, ServerUnavailable, Session

ROOT = pathlib.Path(os.environ.get("SLUICE_TEST_POSTGRESQL_ROOT", "/var/cache/sluice-test/postgresql"))
KINDS = ("pg10", "pg15", "pg18")
SOAK_KINDS = ("pg96", "pg12", "pg14", "pg16", "pg17")
DATABASE = "app"

_COMMON = {
    "wal_level": "logical",
    "max_replication_slots": "20",
    "max_wal_senders": "20",
    "max_prepared_transactions": "20",
    "max_connections": "200",
    "max_worker_processes": "16",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %u@%d %a ",
    # In files of the data directory: segments elsewhere would outlive a server that is killed.
    "dynamic_shared_memory_type": "mmap",
}

# As in mysql.py. A killed process loses nothing without fsync; the machine does not die in a test.
_PROFILES = {
    "test": {
        "fsync": "off",
        "deadlock_timeout": "50ms",
        "full_page_writes": "off",
        "shared_buffers": "64MB",
        "max_wal_size": "512MB",
        "autovacuum_naptime": "10s",
    },
    "bench": {
        "shared_buffers": "1GB",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "30min",
        "maintenance_work_mem": "512MB",
        "synchronous_commit": "off",
    },
}

_HBA = """\
local all all {0}
host all all 127.0.0.1/32 {0}
local replication all {0}
host replication all 127.0.0.1/32 {0}
"""


def major(kind):
    """9 of "pg96", 15 of "pg15"."""
    digits = kind.removeprefix("pg")
    return 9 if digits.startswith("9") else int(digits)


def _password_method(kind):
    return "scram-sha-256" if major(kind) >= 10 else "md5"


def _release(kind):
    return "9.6" if major(kind) == 9 else str(major(kind))


def _programs(kind):
    if major(kind) == 15:
        return pathlib.Path("/usr/lib/postgresql/15/bin")
    return ROOT / _release(kind) / "native/bin"


def require(kind):
    if not re.fullmatch(r"pg\d+", kind):
        raise ServerUnavailable(f"there is no server of the kind {kind}")
    if (_programs(kind) / "postgres").exists():
        return
    part = "postgresql" if kind in KINDS else "postgresql-all"
    raise ServerUnavailable(
        f"no PostgreSQL {_release(kind)} in {_programs(kind)}: tools/install {part} "
        "(SLUICE_TEST_POSTGRESQL_ROOT names another place)"
    )


def _account():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerUnavailable("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`")


def _as_account():
    account = _account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def _give(path):
    account = _account()
    if account:
        os.chown(path, account.pw_uid, account.pw_gid)


def _cheap_password(kind):
    """A statement that gives admin the same password with few rounds of hashing: tests connect thousands of times, and
    the usual 4096 rounds take each client longer than all else that a connection needs."""
    if _password_method(kind) != "scram-sha-256":
        return ""
    salt, rounds = b"sixteen bytes ..", 16
    salted = hashlib.pbkdf2_hmac("sha256", ADMIN_PASSWORD.encode(), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt, stored, server = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"ALTER ROLE admin PASSWORD 'SCRAM-SHA-256${rounds}:{salt}${stored}:{server}'\n"


def make_template(kind, path):
    """An initialised data directory with the superuser admin and the database `app`."""
    require(kind)
    programs = _programs(kind)
    folder = path.parent / f"{path.name}-made"
    folder.mkdir()
    password = folder / "password"
    password.write_text(ADMIN_PASSWORD + "\n")
    _give(folder)
    _give(password)
    data = folder / "data"
    initdb = [programs / "initdb", "-D", data, "-U", "admin", f"--pwfile={password}", f"--auth={_password_method(kind)}"]
    log = path.parent / f"template-{kind}.log"
    with open(log, "wb") as out:
        for command, text in (
            (initdb + ["--encoding=UTF8", "--locale=C.UTF-8", "-N"], None),
            (
                [programs / "postgres", "--single", "-D", data, "-c", "fsync=off", "postgres"],
                f"CREATE DATABASE {DATABASE}\n{_cheap_password(kind)}".encode(),
            ),
        ):
            out.flush()
            done = subprocess.run(
                [str(part) for part in command],
                input=text or b"",
                stdout=out,
                stderr=out,
                check=False,
                cwd=folder,
                **_as_account(),
            )
            if done.returncode != 0:
                raise ServerFailed(f"initialising {kind} failed:\n{log.read_text(errors='replace')[-3000:]}")
    (data / "pg_hba.conf").write_text(_HBA.format(_password_method(kind)))
    data.rename(path)
    shutil.rmtree(folder)


def _children(pid):
    """Of one process, from /proc."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def _is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class PostgresqlServer(Server):
    """`extra`: settings, "name=value" each. `standby_of`: a server that is stopped, of whose files it begins as a hot
    standby; 12 and later. Its slot is called `standby` and has to be there."""

    engine = "postgresql"
    one_snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"  # psycopg2 has sent BEGIN
    counter = "GENERATED BY DEFAULT AS IDENTITY"
    unchecked = "SET session_replication_role=replica"
    errors = (psycopg2.Error,)
    stop_signal = signal.SIGINT  # "fast": open sessions are ended
    death_signal = signal.SIGQUIT  # "immediate": it takes its children along
    in_use = b"could not bind"

    def __init__(
        self, kind, directory, template, extra=(), server_id=1, binlog=True, profile="test", standby_of=None
    ):
        super().__init__(kind, directory, extra)
        del server_id  # a server has a random identity of its own
        self.major = major(kind)
        self.features = self.major  # of which version a test may use what is new; less when its destination is older
        self.settings = {**_COMMON, **_PROFILES[profile]}
        if not binlog:
            self.settings["wal_level"] = "replica"
        _give(directory)
        begin = template if standby_of is None else standby_of.data
        subprocess.run(["cp", "-a", "--reflink=auto", str(begin), str(self.data)], check=True)
        if standby_of is not None:
            self._become_standby(standby_of)

    def _become_standby(self, primary):
        for leftover in self.data.glob("pg_replslot/*"):
            shutil.rmtree(leftover)
        (self.data / "standby.signal").touch()
        _give(self.data / "standby.signal")
        self.settings["primary_conninfo"] = (
            f"host={primary.host} port={primary.port} user=admin password={ADMIN_PASSWORD} dbname={DATABASE}"
        )
        self.settings["primary_slot_name"] = "standby"
        self.settings["hot_standby_feedback"] = "on"
        if self.major >= 17:
            self.settings["sync_replication_slots"] = "on"

    @property
    def socket(self):
        """The folder of the Unix socket, as libpq takes it for a host."""
        return str(self.directory)

    def _command(self):
        command = [str(_programs(self.kind) / "postgres"), "-D", str(self.data)]
        settings = {
            **self.settings,
            "port": str(self.port),
            "listen_addresses": self.host,
            "unix_socket_directories": str(self.directory),
        }
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        for setting in self.extra:
            command += ["-c", setting]
        return command

    def _process_options(self):
        return {"cwd": str(self.directory), **_as_account()}

    @property
    def log_end(self):
        return "pg_current_wal_lsn" if self.major >= 10 else "pg_current_xlog_location"

    def is_conflict(self, error):
        return getattr(error, "pgcode", None) in (
            psycopg2.errorcodes.DEADLOCK_DETECTED,
            psycopg2.errorcodes.LOCK_NOT_AVAILABLE,
            psycopg2.errorcodes.SERIALIZATION_FAILURE,
        )

    def is_refusal(self, error):
        return isinstance(error, psycopg2.IntegrityError) or self.is_conflict(error)

    def kill(self):
        """SIGKILL of all its processes: with one of them alive no new server could start on the same files."""
        if not self.is_running:
            return
        self.process.send_signal(signal.SIGSTOP)  # so that it makes no child while they are counted
        children = _children(self.process.pid)
        self.process.kill()
        self.process.wait()
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: not any(map(_is_alive, children)), 30, "the end of the killed server's processes", 0.002)

    def destroy(self):
        if self.is_running:
            # Not SIGKILL: the segment of shared memory that guards the data directory would stay.
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                pass
        super().destroy()

    def connect(
        self, database=None, user="admin", password=ADMIN_PASSWORD, autocommit=True, dbname=DATABASE, options="", **more
    ):
        """A psycopg2 connection over the socket, in UTC. `database` is a schema: names without one mean those in it."""
        connection = psycopg2.connect(
            host=self.socket,
            port=self.port,
            user=user,
            password=password,
            dbname=dbname,
            connect_timeout=20,
            client_encoding="utf8",
            options=f"-c timezone=UTC -c extra_float_digits=3 {options}",
            **more,
        )
        connection.autocommit = True
        if database is not None:
            with connection.cursor() as cursor:
                cursor.execute(f"SET search_path TO {self.quote(database)}, public")
        connection.autocommit = autocommit
        return connection

    def run_script(self, text):
        self.execute(text)

    def make_database(self, name):
        self.execute(f"CREATE SCHEMA {self.quote(name)}")

    def drop_database(self, name):
        self.execute(f"DROP SCHEMA {self.quote(name)} CASCADE")

    def quote(self, name):
        return '"' + name.replace('"', '""') + '"'

    def delete_one(self, table, condition):
        """Deletes one of several rows that fit."""
        return f"DELETE FROM {table} WHERE ctid = (SELECT ctid FROM {table} WHERE {condition} LIMIT 1)"

    def make_session(self, connection):
        return PostgresqlSession(connection)

    def create_account(self, name, password, *grants):
        """`grants`: 'SELECT ON ALL TABLES IN SCHEMA shop' and the like, or an attribute such as 'REPLICATION'."""
        with self.session() as session:
            if session.value("SELECT 1 FROM pg_roles WHERE rolname=%s", (name,)):
                session.execute(f"DROP OWNED BY {self.quote(name)}")
                session.execute(f"DROP ROLE {self.quote(name)}")
            session.execute(f"CREATE ROLE {self.quote(name)} LOGIN PASSWORD '{password}'")
            for grant in grants:
                if " " in grant:
                    session.execute(f"GRANT {grant} TO {self.quote(name)}")
                else:
                    session.execute(f"ALTER ROLE {self.quote(name)} {grant}")

    all_rights = "SUPERUSER"  # for create_account

    def change_password(self, name, password):
        """Its sessions are ended too."""
        self.execute(f"ALTER ROLE {self.quote(name)} PASSWORD '{password}'")
        self.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (name,))

    def process_list(self):
        return self.query("SELECT * FROM pg_stat_activity")

    def databases(self):
        """Schemas of the database `app`, without the one that every database has."""
        return [
            row[0]
            for row in self.query(
                "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN "
                "('information_schema', 'public') ORDER BY 1"
            )
        ]

    def drop_databases(self):
        """All databases, with what pins them; `app` is made anew."""
        with self.session(dbname="postgres") as session:
            self._drop_slots(session)
            for (name,) in session.query("SELECT roname FROM pg_replication_origin"):
                session.query("SELECT pg_replication_origin_drop(%s)", (name,))
            for gid, database in session.query("SELECT gid, database FROM pg_prepared_xacts"):
                with self.session(dbname=database) as other:
                    other.execute("ROLLBACK PREPARED %s", (gid,))
            names = session.query("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")
            for (name,) in names:
                self._drop_database(session, name)
            session.execute(f"CREATE DATABASE {DATABASE}")

    def _drop_slots(self, session):
        def gone():
            session.query("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active")
            session.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")
            return not session.query("SELECT 1 FROM pg_replication_slots")

        wait_until(gone, 30, "the end of all replication slots", 0.01)

    def _drop_database(self, session, name):
        # Nobody gets in again meanwhile, and a backend needs a moment to leave.
        session.execute(f"ALTER DATABASE {self.quote(name)} ALLOW_CONNECTIONS false")

        def gone():
            return not session.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname=%s", (name,)
            )

        wait_until(gone, 30, f"the end of all sessions in {name}", 0.005)
        session.execute(f"DROP DATABASE {self.quote(name)}")


# Identity columns came with 10.
_IDENTITY = re.compile(r"\b(big)?int(?:eger)? GENERATED (?:BY DEFAULT|ALWAYS) AS IDENTITY", re.IGNORECASE)


class PostgresqlSession(Session):
    engine = "postgresql"

    def execute(self, statement, args=None):
        if self.connection.server_version < 100000:
            statement = _IDENTITY.sub(r"\1serial", statement)
        return super().execute(statement, args)

    def stream(self, statement):
        """In a cursor of the server, so that a large table does not end up in memory."""
        autocommit = self.connection.autocommit
        self.connection.autocommit = False
        try:
            with self.connection.cursor(name="stream") as cursor:
                cursor.itersize = 5000
                cursor.execute(statement)
                yield from cursor
            self.connection.commit()
        finally:
            if not self.connection.closed:
                self.connection.rollback()
                self.connection.autocommit = autocommit


def make(kind, directory, template, **options):
    options.pop("gtid", None)  # MySQL's
    return PostgresqlServer(kind, directory, template, **options)
