"""MariaDB from the system's packages, MySQL from a folder of its own."""

import os
import pathlib
import shutil
import subprocess

import MySQLdb
import MySQLdb.cursors
from MySQLdb.constants import CLIENT, ER

from .base import ADMIN_PASSWORD, Server, ServerFailed, ServerUnavailable, Session, path_with_sbin

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


def _mysql_program(name, folder="usr/sbin"):
    """MySQL's programs run with the libraries of their own folder; this needs no chroot and so no root."""
    libraries = MYSQL_ROOT / "usr/lib/x86_64-linux-gnu"
    loader = MYSQL_ROOT / "lib64/ld-linux-x86-64.so.2"
    if not loader.exists():  # another architecture than amd64
        loader = next(iter(sorted((MYSQL_ROOT / "lib").glob("ld-linux-*"))), loader)
        libraries = next(iter(sorted((MYSQL_ROOT / "usr/lib").glob("*-linux-gnu"))), libraries)
    return [str(loader), "--library-path", str(libraries), str(MYSQL_ROOT / folder / name), "--no-defaults"]


def _mysql_folders():
    return [
        f"--lc-messages-dir={MYSQL_ROOT}/usr/share/mysql",
        f"--plugin-dir={MYSQL_ROOT}/usr/lib/mysql/plugin",
        f"--character-sets-dir={MYSQL_ROOT}/usr/share/mysql/charsets",
    ]


def require(kind):
    """Raises ServerUnavailable with the way to get it."""
    if kind == "mariadb" and not shutil.which("mariadbd", path=path_with_sbin()):
        raise ServerUnavailable("MariaDB is not installed: tools/install tests")
    if kind == "mysql" and not (MYSQL_ROOT / "usr/sbin/mysqld").exists():
        raise ServerUnavailable(
            f"no MySQL in {MYSQL_ROOT}: tools/install mysql (SLUICE_TEST_MYSQL_ROOT names another place)"
        )


def _user():
    return [f"--user={os.environ.get('USER', 'root')}"] if os.geteuid() == 0 else []


def make_template(kind, path):
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
            "--force",  # also where the name of the machine cannot be looked up
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
            env={**os.environ, "PATH": path_with_sbin()},
        )
    if done.returncode != 0:
        shutil.rmtree(path, ignore_errors=True)
        raise ServerFailed(f"initialising {kind} failed:\n{log.read_text(errors='replace')[-3000:]}")


class MysqlServer(Server):
    """`extra`: options as on the command line; `environment`: variables of the process, kept over restarts too."""

    engine = "mysql"
    one_snapshot = "START TRANSACTION WITH CONSISTENT SNAPSHOT"
    counter = "AUTO_INCREMENT"
    unchecked = "SET foreign_key_checks=0"
    errors = (MySQLdb.MySQLError,)

    def __init__(self, kind, directory, template, extra=(), gtid=True, server_id=1, binlog=True, profile="test", environment=None):
        super().__init__(kind, directory, extra)
        self.environment = environment or {}
        self.gtid = gtid
        self.binlog = binlog
        self.profile = _PROFILES[profile]
        self.server_id = server_id
        self.socket = str(directory / "s.sock")
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

    def _process_options(self):
        return {"env": {**os.environ, "PATH": path_with_sbin(), **self.environment}}

    def is_conflict(self, error):
        return error.args[0] in (1205, 1213)

    def is_refusal(self, error):
        return bool(error.args) and error.args[0] in (1205, 1213, 1062, 1452, 1048)

    def connect(self, database=None, user="admin", password=ADMIN_PASSWORD, charset="utf8mb4", autocommit=True, **more):
        """A MySQLdb connection over the socket, in UTC, without sql_mode restrictions of the default kind."""
        connection = MySQLdb.connect(
            unix_socket=self.socket,
            user=user,
            password=password,
            database=database or "",
            charset=charset,
            autocommit=autocommit,
            connect_timeout=20,
            **more,
        )
        with connection.cursor() as cursor:
            cursor.execute("SET time_zone='+00:00'")
        return connection

    def run_script(self, text):
        connection = self.connect(client_flag=CLIENT.MULTI_STATEMENTS)
        try:
            with connection.cursor() as cursor:
                cursor.execute(text)
                while cursor.nextset():
                    pass
        finally:
            connection.close()

    def dump(self, database):
        """The file that the server's own program makes of it."""
        program = ["mariadb-dump", "--no-defaults"] if self.is_mariadb else _mysql_program("mysqldump", "usr/bin")
        if not self.is_mariadb:
            program += ["--set-gtid-purged=OFF"]  # or nothing of the file would come into the log
        return self._run_client(program, database)

    def restore(self, database, text):
        """Reads such a file."""
        program = ["mariadb", "--no-defaults"] if self.is_mariadb else _mysql_program("mysql", "usr/bin")
        self._run_client(program, database, text)

    def _run_client(self, program, database, text=""):
        command = program + [f"--socket={self.socket}", "--user=admin", f"--password={ADMIN_PASSWORD}", database]
        return subprocess.run(command, input=text, text=True, check=True, timeout=120, stdout=subprocess.PIPE).stdout

    def make_database(self, name):
        self.execute(f"CREATE DATABASE {self.quote(name)} CHARACTER SET utf8mb4")

    def drop_database(self, name):
        self.execute(f"DROP DATABASE {self.quote(name)}")

    def quote(self, name):
        return "`" + name.replace("`", "``") + "`"

    def delete_one(self, table, condition):
        """Deletes one of several rows that fit."""
        return f"DELETE FROM {table} WHERE {condition} LIMIT 1"

    def make_session(self, connection):
        return MysqlSession(connection)

    def create_account(self, name, password, *grants, host="%"):
        """`grants`: 'SELECT, SHOW VIEW ON shop.*' and the like."""
        self.execute(
            f"DROP USER IF EXISTS '{name}'@'{host}'",
            f"CREATE USER '{name}'@'{host}' IDENTIFIED BY '{password}'",
            *[f"GRANT {grant} TO '{name}'@'{host}'" for grant in grants],
        )

    all_rights = "ALL ON *.*"  # for create_account

    def change_password(self, name, password):
        """Its sessions are ended too."""
        self.execute(f"ALTER USER {name} IDENTIFIED BY '{password}'")
        for row in self.query("SHOW PROCESSLIST"):
            if row[1] == name:
                try:
                    self.execute(f"KILL {row[0]}")
                except MySQLdb.OperationalError as error:
                    if error.args[0] != ER.NO_SUCH_THREAD:  # it has just ended by itself
                        raise

    def process_list(self):
        return self.query("SHOW FULL PROCESSLIST")

    def databases(self):
        hidden = ("mysql", "sys", "information_schema", "performance_schema")
        return [row[0] for row in self.query("SHOW DATABASES") if row[0] not in hidden]

    def drop_databases(self):
        with self.session() as session:
            session.execute("SET foreign_key_checks=0")
            for name in self.databases():
                session.execute(f"DROP DATABASE {self.quote(name)}")


class MysqlSession(Session):
    engine = "mysql"

    def stream(self, statement):
        with self.connection.cursor(MySQLdb.cursors.SSCursor) as cursor:
            cursor.execute(statement)
            yield from cursor


def make(kind, directory, template, **options):
    return MysqlServer(kind, directory, template, **options)
