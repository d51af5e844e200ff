"""Options, pending tests, and the servers that tests get as fixtures."""

import os
import pathlib
import signal

import pytest

from tests.support import servers
from tests.support.sluice import BINARY, Sluice

PENDING_FILE = pathlib.Path(__file__).with_name("pending.txt")
DEFAULT_SEED = 1
PAIRS = [(source, destination) for source in servers.mysql.KINDS for destination in servers.mysql.KINDS]

PG_PAIRS = [("pg15", "pg15"), ("pg10", "pg18"), ("pg18", "pg10")]
# The versions between them, each as source and as destination, up and down.
PG_SOAK_PAIRS = [
    pytest.param(pair, marks=pytest.mark.soak)
    for pair in (("pg12", "pg17"), ("pg17", "pg12"), ("pg14", "pg16"), ("pg16", "pg14"), ("pg96", "pg15"))
]
# Between engines.
CROSS_PAIRS = [("mariadb", "pg15"), ("mysql", "pg18"), ("pg15", "mariadb"), ("pg18", "mysql")]
CROSS_SOAK_PAIRS = [pytest.param(("pg96", "mysql"), marks=pytest.mark.soak)]


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="run the tests that take hours too")
    parser.addoption("--pending", action="store_true", help="run only the tests that tests/pending.txt names")
    parser.addoption(
        "--seed",
        default=None,
        help="seed of the random tests (printed by each of them): a number, or `random`; the default is the same in each "
        "run, so that it can be repeated, and with --soak a new one each time",
    )


def read_pending():
    pending = {}
    for line in PENDING_FILE.read_text().splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            node, _, reason = line.partition(" # ")
            pending[node.strip()] = reason.strip()
    return pending


def pytest_configure(config):
    # No test trusts the machine's own authorities, and where there are some OpenSSL reads all of them for each session.
    os.environ["SSL_CERT_FILE"] = os.devnull
    # A terminated run leaves as on Ctrl-C: fixtures are torn down, servers stopped.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    if config.getoption("--soak") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAtOnce(config))


class FailuresAtOnce:
    """A soak takes hours: a failure is shown when it happens, and not lost when the soak is interrupted."""

    def __init__(self, config):
        self.config = config

    def pytest_runtest_logreport(self, report):
        if not report.failed:
            return
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        reporter.ensure_newline()
        reporter.section(report.nodeid, sep="_", red=True)
        reporter.write_line(report.longreprtext)
        for name, text in report.sections:
            reporter.write_line(f"--- {name}\n{text}")


def pytest_collection_modifyitems(config, items):
    pending = read_pending()

    def is_pending(item):
        # An entry names a test, a test with all its parameters, a file, or what a name begins with ("...[pg*").
        node = item.nodeid
        return any(
            node == p or node.startswith((p + "[", p + "::")) or p.endswith("*") and node.startswith(p[:-1])
            for p in pending
        )

    kept, dropped = [], []
    for item in items:
        soak = item.get_closest_marker("soak") and not config.getoption("--soak")
        if config.getoption("--pending"):
            (kept if is_pending(item) and not soak else dropped).append(item)
        elif is_pending(item):
            dropped.append(item)
        else:
            (dropped if soak else kept).append(item)
    items[:] = kept
    if dropped:
        config.hook.pytest_deselected(items=dropped)


def pytest_terminal_summary(terminalreporter, config):
    left = len(read_pending())
    if left and not config.getoption("--pending"):
        terminalreporter.write_line(f"PENDING: {left} entries of tests/pending.txt are left out", yellow=True)
    if config.getoption("--pending"):
        for report in terminalreporter.getreports("passed"):
            if report.when == "call":
                terminalreporter.write_line(f"passes now, remove it from tests/pending.txt: {report.nodeid}")


@pytest.fixture(scope="session")
def binary():
    assert os.access(
        BINARY, os.X_OK
    ), f"{BINARY} is not there: cmake --preset release && cmake --build --preset release"
    return BINARY


@pytest.fixture(scope="session")
def park():
    made = servers.Park()
    try:
        yield made
    finally:
        made.close()


def unavailable(error):
    if os.environ.get("CI") == "true":
        pytest.fail(f"a server is missing and CI=true: {error}")
    pytest.skip(f"SERVER MISSING: {error}")


class Servers:
    """What a test asks for servers: shared ones are empty at its start, own ones end with it."""

    def __init__(self, park):
        self._park = park
        self._own = []

    def shared(self, kind, role):
        try:
            server = self._park.shared(kind, role)
        except servers.ServerUnavailable as error:
            unavailable(error)
        server.drop_databases()
        return server

    def own(self, kind, **options):
        try:
            server = self._park.new(kind, **options)
        except servers.ServerUnavailable as error:
            unavailable(error)
        self._own.append(server)
        return server

    def close(self):
        for server in self._own:
            self._park.release(server)


@pytest.fixture
def get(park):
    made = Servers(park)
    yield made
    made.close()


def _pair_name(pair):
    return f"{pair[0]}-{pair[1]}"


@pytest.fixture(params=PAIRS, ids=_pair_name)
def pair(request, get):
    """Source and destination, each of the four combinations, shared and empty."""
    return get.shared(request.param[0], "source"), get.shared(request.param[1], "destination")


def _both(get, kinds):
    source, destination = get.shared(kinds[0], "source"), get.shared(kinds[1], "destination")
    if source.engine == destination.engine == "postgresql":
        source.features = min(source.major, destination.major)
    return source, destination


@pytest.fixture(params=PAIRS + PG_PAIRS + PG_SOAK_PAIRS, ids=_pair_name)
def any_pair(request, get):
    """As `pair`, for tests whose statements every engine takes, or which say them for each."""
    return _both(get, request.param)


@pytest.fixture(params=PAIRS + PG_PAIRS + CROSS_PAIRS + PG_SOAK_PAIRS + CROSS_SOAK_PAIRS, ids=_pair_name)
def every_pair(request, get):
    """As `any_pair`, and between engines too."""
    return _both(get, request.param)


@pytest.fixture(params=[("mariadb", "mariadb"), ("pg15", "pg15")], ids=_pair_name)
def one_pair(request, get):
    """One pair of each engine."""
    return _both(get, request.param)


@pytest.fixture(params=CROSS_PAIRS + CROSS_SOAK_PAIRS, ids=_pair_name)
def cross_pair(request, get):
    return _both(get, request.param)


@pytest.fixture
def maria_pair(get):
    return get.shared("mariadb", "source"), get.shared("mariadb", "destination")


@pytest.fixture
def sluice(binary, tmp_path):
    """Makes Sluice values for task files; what they left running is killed at the end."""
    made = []

    def make(source, destination, **options):
        made.append(Sluice(binary, tmp_path / f"s{len(made)}", source, destination, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def seed(request):
    value = request.config.getoption("--seed")
    if value == "random" or (value is None and request.config.getoption("--soak")):
        value = int.from_bytes(os.urandom(4), "little")
    value = DEFAULT_SEED if value is None else int(value)
    print(f"seed {value} (repeat with --seed {value})")
    return value
