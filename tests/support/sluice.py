"""Runs the real program: writes a task file, starts subcommands, reads what they say."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time

import yaml

from .servers import ADMIN_PASSWORD, die_with_parent, postgresql
from .waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SLUICE_BINARY", ROOT / "build/release/sluice"))

DONE, USAGE, PRECHECK_FAILED, MIGRATION_FAILED, DIFFERENCES = 0, 2, 3, 4, 5


class Finished:
    """A command that has ended."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    @property
    def text(self):
        return self.out + self.err

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"{' '.join(map(str, self.command))}\nexit status {self.code}\n{self.out[-6000:]}\n{self.err[-6000:]}"


class Sluice:
    """One task and its state directory. `source` and `destination` are servers (or anything with engine, host, port).

    `objects` name what they select by "database", which becomes "schema" where the source calls it so.
    """

    def __init__(
        self,
        binary,
        directory,
        source,
        destination,
        types=("schema", "full", "incremental"),
        objects=(),
        name="test",
        source_user="admin",
        source_password=ADMIN_PASSWORD,
        destination_user="admin",
        destination_password=ADMIN_PASSWORD,
        **more,
    ):
        directory.mkdir(parents=True, exist_ok=True)
        self.binary = binary
        self.directory = directory
        self.state = directory / "state"
        self.file = directory / "task.yaml"
        self.log = directory / "run.log"
        self.environment = {**os.environ, "SLUICE_TEST_SRC": source_password, "SLUICE_TEST_DST": destination_password}
        self.process = None
        self._started = []
        self.task = {
            "version": 1,
            "name": name,
            "source": self.endpoint(source, source_user, "${env:SLUICE_TEST_SRC}"),
            "destination": self.endpoint(destination, destination_user, "${env:SLUICE_TEST_DST}"),
            "types": list(types),
            "objects": [_named_for(source, one) for one in objects],
            **more,
        }
        self.write()

    @staticmethod
    def endpoint(server, user, password):
        more = {"database": postgresql.DATABASE} if server.engine == "postgresql" else {}
        return {
            "engine": server.engine, "host": server.host, "port": server.port, "user": user, "password": password, **more
        }

    def write(self):
        self.file.write_text(yaml.safe_dump(self.task, sort_keys=False, allow_unicode=True))

    def _command(self, verb, *arguments):
        return [str(self.binary), *verb.split(), str(self.file), "--state", str(self.state), *arguments]

    def call(self, verb, *arguments, timeout=300, check=None):
        """Runs a subcommand to its end; `check`: the exit status it must have."""
        command = self._command(verb, *arguments)
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=self.environment,
            preexec_fn=die_with_parent,
        ) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                raise AssertionError(f"not done in {timeout} s: {Finished(command, None, out, err)}") from None
        finished = Finished(command, process.returncode, out, err)
        assert finished.code >= 0, f"died from signal {-finished.code}: {finished}"
        if check is not None:
            assert finished.code == check, f"exit status {check} expected: {finished}"
        return finished

    def run(self, *arguments, timeout=300, check=DONE):
        return self.call("run", *arguments, timeout=timeout, check=check)

    def run_until_caught_up(self, *arguments, timeout=300, check=DONE):
        return self.call("run", "--until", "caught-up", *arguments, timeout=timeout, check=check)

    def verify(self, *arguments, timeout=300, check=DONE):
        return self.call("verify", *arguments, timeout=timeout, check=check)

    # ------------------------------------------------------------ in the background

    def start(self, *arguments):
        """`sluice run` in the background; its output goes to self.log, over restarts."""
        return self.start_command("run", *arguments)

    def start_command(self, verb, *arguments):
        assert not self.is_running
        with open(self.log, "ab") as out:
            out.write(f"\n--- {' '.join(arguments)}\n".encode())
            out.flush()
            self.process = subprocess.Popen(
                self._command(verb, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.environment,
                preexec_fn=die_with_parent,
            )
        return self

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.is_running:
            self.process.kill()
        if self.process:
            self.process.wait()

    def terminate(self, timeout=30):
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout=120):
        """The exit status of the background run."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s:\n{self.log_text()}") from None

    def log_text(self, size=6000):
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""

    def status(self):
        """`sluice status --json`; None while the task is not there yet."""
        finished = self.call("status", "--json", timeout=60)
        if finished.code != DONE:
            return None
        status = finished.json
        return status[0] if isinstance(status, list) else status

    def check_alive(self):
        if self.process is not None and not self.is_running:
            raise AssertionError(f"`sluice run` ended with {self.process.returncode}:\n{self.log_text()}")

    def wait_status(self, condition, seconds, what):
        last = {}

        def look():
            self.check_alive()
            status = self.status()
            last["status"] = status
            return status if status and condition(status) else None

        return wait_until(
            look,
            seconds,
            lambda: f"{what}; last status {json.dumps(last.get('status'))[:3000]}\n" f"{self.log_text()}",
            pause=0.1,
        )

    def wait_caught_up(self, seconds=120):
        return self.wait_status(is_caught_up, seconds, "not delayed")

    def wait_phase(self, *phases, seconds=60):
        return self.wait_status(lambda status: phase_of(status) in phases, seconds, f"phase {phases}")

    def follow_to(self, server, marker_database, seconds=120, destination=None, mapped=None):
        """Waits until everything that is committed at the source now is at the destination.

        MySQL: a marker, which is a schema statement and so a barrier. PostgreSQL: the position that status tells.
        """
        if server.engine == "postgresql":
            self._follow_to_position(server, seconds)
            return
        number = time.monotonic_ns()
        server.execute(
            f"CREATE TABLE IF NOT EXISTS `{marker_database}`.sluice_marker (id BIGINT PRIMARY KEY)",
            f"INSERT INTO `{marker_database}`.sluice_marker VALUES ({number})",
        )

        def arrived():
            self.check_alive()
            with contextlib.suppress(Exception):
                database = destination.quote(mapped or marker_database)
                return destination.value(f"SELECT 1 FROM {database}.sluice_marker WHERE id={number}")

        wait_until(arrived, seconds, lambda: f"the marker at the destination\n{self.log_text()}")

    def _follow_to_position(self, server, seconds):
        server.value("SELECT pg_logical_emit_message(true, 'test', 'a transaction, so that the log goes on')")
        wanted = lsn_number(server.value(f"SELECT {server.log_end}()::text"))

        def is_there(status):
            position = status.get("position")
            return position and lsn_number(position["lsn"]) >= wanted

        self.wait_status(is_there, seconds, f"the position {wanted:x}")

    def close(self):
        self.kill()


def _named_for(server, one):
    if server.engine != "postgresql" or "database" not in one:
        return one
    return {("schema" if key == "database" else key): value for key, value in one.items()}


def lsn_number(text):
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def is_caught_up(status):
    return phase_of(status) == "incremental" and bool(status.get("caught_up", status.get("not_delayed")))


def phase_of(status):
    return status.get("phase") or ""
