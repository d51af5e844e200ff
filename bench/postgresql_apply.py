"""Pgbench transactions that wait in the log: against PostgreSQL's own logical replication of the same pair."""

import os
import pathlib
import time

import common

from tests.support.servers.postgresql import DATABASE

PGBENCH = pathlib.Path("/usr/lib/postgresql/15/bin/pgbench")
TABLES = ("pgbench_accounts", "pgbench_branches", "pgbench_tellers", "pgbench_history")


def pgbench(server, *more):
    command = [PGBENCH, "-h", server.host, "-p", str(server.port), "-U", "admin", *more, DATABASE]
    common.run(command, env={**os.environ, "PGPASSWORD": common.PASSWORD})


def sums(server):
    return server.query(
        "SELECT (SELECT sum(abalance) FROM public.pgbench_accounts), (SELECT sum(tbalance) FROM public.pgbench_tellers), "
        "(SELECT count(*) FROM public.pgbench_history), (SELECT sum(delta) FROM public.pgbench_history)"
    )


def subscribe(source, replica):
    """The replica has the rows and stands still."""
    source.execute("CREATE PUBLICATION peer FOR TABLE " + ", ".join("public." + t for t in TABLES))
    pgbench(replica, "-i", "-q", "-s", "1")
    replica.execute("TRUNCATE " + ", ".join("public." + t for t in TABLES))
    replica.execute(
        f"CREATE SUBSCRIPTION peer CONNECTION 'host={source.host} port={source.port} user=admin "
        f"password={common.PASSWORD} dbname={DATABASE}' PUBLICATION peer"
    )
    ready = "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate = 'r'"
    common.wait_until(lambda: replica.value(ready) == len(TABLES), 300, "the replica has the rows")
    replica.execute("ALTER SUBSCRIPTION peer DISABLE")


def main():
    options = common.arguments(__doc__, scale=10, transactions=100_000, writers=2)
    with common.Bench(f"{options.transactions} pgbench transactions, pg18 to pg18") as bench:
        source, destination, replica = (bench.server("pg18") for _ in range(3))
        pgbench(source, "-i", "-q", "-s", str(options.scale))
        source.execute("ALTER TABLE public.pgbench_history REPLICA IDENTITY FULL")  # it has no key
        subscribe(source, replica)
        task = bench.sluice(source, destination, objects=[{"database": "public"}], limits={"writers": options.writers})
        common.run_sluice(task, "run", "--until", "caught-up")
        pgbench(source, "-n", "-c", "4", "-t", str(options.transactions // 4))
        ran = common.run_sluice(task, "run", "--until", "caught-up")
        assert sums(destination) == sums(source)
        peer = None
        if not options.no_peers:
            begin = time.monotonic()
            replica.execute("ALTER SUBSCRIPTION peer ENABLE")
            common.wait_until(lambda: sums(replica)[0][2] == options.transactions, 600, "the replica has caught up")
            peer = time.monotonic() - begin
            assert sums(replica) == sums(source)
        bench.result("backlog against logical replication", ran.seconds, peer, 0.6)
        bench.result("peak memory", ran.peak_mib, None, 300, "MiB")


if __name__ == "__main__":
    main()
