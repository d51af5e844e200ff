"""Slow, sliced, cut and silent networks."""

import contextlib
import itertools
import os
import pathlib
import threading

import pytest

from tests.support import compare, servers, shop
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

OBJECTS = [{"database": "shop"}]


@pytest.fixture
def proxied(one_pair, sluice):
    source, destination = one_pair
    shop.create(source, orders=3000)
    with Proxy(source) as left, Proxy(destination) as right:
        task = sluice(left, right, objects=OBJECTS)
        yield source, destination, left, right, task
        task.kill()


def test_slices_and_delays(proxied):
    source, destination, left, right, task = proxied
    left.slice_bytes, right.slice_bytes = 7, 1000
    left.delay_seconds = 0.00002
    task.run_until_caught_up(timeout=300)
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize("side", ["left", "right"])
def test_cut_while_following(proxied, side):
    source, destination, left, right, task = proxied
    proxy = left if side == "left" else right
    with shop.Business(source) as business:
        task.start()
        task.wait_caught_up()
        for _ in range(5):
            seen = business.count
            proxy.cut()
            business.wait_for(seen + 30)
            task.wait_caught_up()
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    assert task.terminate() == 0


@pytest.mark.parametrize("piece", [5, 40, 120])
@pytest.mark.parametrize("side", ["left", "right"])
def test_cut_in_the_beginning(proxied, side, piece):
    """One connection ends at its so many-th piece: within the precheck, or what follows it."""
    source, destination, left, right, task = proxied
    pieces, ended = itertools.count(1), []

    def end_one(data, _):
        if next(pieces) == piece:  # whole, however many connections come here
            ended.append(data)
            raise ConnectionResetError
        return data

    (left if side == "left" else right).corrupt = end_one
    task.run_until_caught_up()
    assert ended
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize("side", ["left", "right"])
def test_refused_for_a_while(proxied, side):
    source, destination, left, right, task = proxied
    proxy = left if side == "left" else right
    task.start()
    task.wait_caught_up()
    proxy.refusing = True
    proxy.cut()
    source.execute("UPDATE shop.orders SET note='meanwhile' WHERE id<10")
    task.wait_status(lambda s: not s["caught_up"], 60, "delayed")
    proxy.refusing = False
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)


@pytest.mark.slow
def test_black_hole_is_noticed(proxied):
    """Packets vanish without a reset: the stream's heartbeats tell, and it reconnects."""
    source, destination, left, _, task = proxied
    task.start()
    task.follow_to(source, "shop", destination=destination)  # a log of which nothing has come may be silent for long
    left.black_hole = True
    source.execute("UPDATE shop.orders SET note='unseen' WHERE id<10")
    task.wait_status(lambda s: not s["caught_up"], 120, "delayed")
    left.black_hole = False  # for new connections
    task.follow_to(source, "shop", destination=destination, seconds=180)
    compare.assert_equal(source, "shop", destination)


@pytest.fixture(params=servers.mysql.KINDS)
def relayed(get, sluice, request):
    """The packets of MySQL's protocol have numbers. (PostgreSQL's have none; TLS notices for both, and is off here.)"""
    source, destination = get.shared(request.param, "source"), get.shared(request.param, "destination")
    shop.create(source)
    with Proxy(source) as left:
        task = sluice(left, destination, objects=OBJECTS)
        task.task["source"]["tls"] = {"mode": "off"}
        task.write()
        task.start()
        task.wait_caught_up()
        yield source, destination, left, task


MISSING = "Packets of the connection are missing"


def test_a_relay_that_loses_packets_is_noticed(relayed):
    source, destination, left, task = relayed
    left.losing = True
    source.execute("UPDATE shop.orders SET note=SHA2(id, 256)")
    wait_until(lambda: len(left.lost) > 4000, 30, lambda: "the change to be lost")  # more than signs of life
    left.losing = False
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    assert MISSING in task.log_text()


class LossyLog:
    """What a faulty relay does to the first session that asks for the log: `alter(packet)` gives what is handed on.

    For `Proxy.corrupt`, which is called in a thread for each connection. A packet: 3 bytes of length, its number, 0, event.
    """

    def __init__(self, alter):
        self._alter = alter
        self._of_this_connection = threading.local()
        self.begun = False

    def __call__(self, data, direction):
        mine = self._of_this_connection
        if direction == "to server":
            if not self.begun and data[3:4] == b"\0" and data[4:5] in (b"\x12", b"\x1e"):  # COM_BINLOG_DUMP, ..._GTID
                self.begun, mine.buffer = True, b""
            return data
        if not hasattr(mine, "buffer"):
            return data
        mine.buffer += data
        kept = b""
        while len(mine.buffer) >= 4 + (size := int.from_bytes(mine.buffer[:3], "little")) and size:
            packet, mine.buffer = mine.buffer[: 4 + size], mine.buffer[4 + size :]
            kept += self._alter(packet)
        return kept


XID, FIRST_ROWS, LAST_ROWS = 16, 20, 171  # kinds of events


def lose_through(kind):
    """Everything from the first packet on, through the first of that kind."""
    lost = []

    def alter(packet):
        if kind in lost:
            return packet
        lost.append(packet[9])
        return b""

    return alter


def alter_one_rows_event(how):
    """Of the first packet with rows only what `how` leaves of it."""
    found = []

    def alter(packet):
        is_rows = FIRST_ROWS <= packet[9] <= LAST_ROWS and len(packet) > 2000
        if found or not is_rows:
            return packet
        found.append(packet)
        return how(packet)

    return alter


@pytest.mark.parametrize(
    ("alter", "told"),
    [
        (lambda: lose_through(XID), MISSING),
        (lambda: alter_one_rows_event(lambda packet: b""), MISSING),
        (lambda: alter_one_rows_event(lambda packet: packet[600:]), MISSING),
        (lambda: alter_one_rows_event(lambda packet: packet[:1000] + packet[1040:]), "wrong checksum"),
        (lambda: alter_one_rows_event(lambda packet: packet[:1000] + b"?" + packet[1001:]), "wrong checksum"),
    ],
    ids=["whole change", "one packet", "a header", "some bytes", "a byte altered"],
)
def test_what_a_relay_loses_of_the_log_is_read_again(relayed, alter, told):
    source, destination, left, task = relayed
    left.refusing = True
    left.cut()
    source.execute("UPDATE shop.orders SET note=SHA2(id, 256)")
    left.corrupt = lossy = LossyLog(alter())
    left.refusing = False
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    assert lossy.begun
    assert told in task.log_text()


def test_a_silent_network_is_probed(one_pair, sluice):
    """The system's keep-alive runs on every connection, and soon: a peer that is gone without a word is noticed."""
    source, destination = one_pair
    shop.create(source)
    task = sluice(source, destination, objects=OBJECTS)
    task.start()
    task.wait_caught_up()
    keep_alive, seconds = "02", 20

    def timers():
        """Of the process's connections to the servers: kind and time left, in 1/100 s (Linux, proc_net_tcp)."""
        sockets = set()
        for fd in pathlib.Path(f"/proc/{task.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed by now
                sockets.add(os.readlink(fd))
        for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            port = int(fields[2].split(":")[1], 16)
            if port in (source.port, destination.port) and f"socket:[{fields[9]}]" in sockets:
                kind, left = fields[5].split(":")
                yield port, kind, int(left, 16)

    def probed():
        found = list(timers())
        ports = {port for port, _, _ in found}
        return len(ports) == 2 and all(kind == keep_alive and left <= seconds * 100 for _, kind, left in found)

    wait_until(probed, 30, lambda: f"keep-alive timers: {list(timers())}")
    assert task.terminate() == 0


@pytest.mark.parametrize("condition", ["black hole", "slow", "quiet"])
def test_stop_is_quick(proxied, condition):
    """SIGTERM ends it in seconds whatever it waits for, with the checkpoint written."""
    source, destination, left, right, task = proxied
    task.start()
    task.wait_caught_up()
    if condition == "black hole":
        left.black_hole = right.black_hole = True
        source.execute("UPDATE shop.orders SET note='x'")
    elif condition == "slow":
        right.bytes_per_second = 2000
        source.execute("UPDATE shop.orders SET note=REPEAT('y', 500)")
    task.terminate(10)
    left.black_hole = right.black_hole = False
    right.bytes_per_second = 0
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


def test_stop_is_quick_where_the_server_has_to_be_asked(get, sluice):
    """Before 14 PostgreSQL does not notice that its client is gone: it is asked to cancel, which a dead network takes."""
    source, destination = get.shared("pg10", "source"), get.shared("pg10", "destination")
    shop.create(source)
    with Proxy(source) as left, Proxy(destination) as right:
        task = sluice(left, right, objects=OBJECTS)
        task.start()
        task.wait_caught_up()
        left.black_hole = right.black_hole = True
        task.terminate(20)
        left.black_hole = right.black_hole = False
        task.run_until_caught_up()
        compare.assert_equal(source, "shop", destination)


def test_stop_in_the_full_load_and_by_command(one_pair, sluice):
    source, destination = one_pair
    shop.create(source, orders=20_000)
    task = sluice(source, destination, objects=OBJECTS, limits={"rows_per_second": 8000})
    task.start()
    task.wait_phase("full", seconds=60)
    task.call("stop", timeout=30, check=0)
    assert task.wait(5) == 0
    task.task["limits"] = {}
    task.write()
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)
