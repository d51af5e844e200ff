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


def vacuum(*servers):
    """What the workload has left behind is cleared away now, not by a worker that one of the two may meet."""
    for server in servers:
        for table in TABLES:
            server.execute(f"VACUUM ANALYZE public.{table}")
        server.execute("CHECKPOINT")


def replication_catch_up(source, replica):
    begin = time.monotonic()
    replica.execute("ALTER SUBSCRIPTION peer ENABLE")
    rows = sums(source)[0][2]
    common.wait_until(lambda: sums(replica)[0][2] == rows, 600, "the replica has caught up")
    seconds = time.monotonic() - begin
    replica.execute("ALTER SUBSCRIPTION peer DISABLE")
    assert sums(replica) == sums(source)
    return seconds


def main():
    options = common.arguments(__doc__, scale=10, transactions=100_000, writers=2, rounds=3)
    with common.Bench(f"{options.transactions} pgbench transactions, pg18 to pg18") as bench:
        source, destination, replica = (bench.server("pg18") for _ in range(3))
        pgbench(source, "-i", "-q", "-s", str(options.scale))
        source.execute("ALTER TABLE public.pgbench_history REPLICA IDENTITY FULL")  # it has no key
        subscribe(source, replica)
        task = bench.sluice(source, destination, objects=[{"database": "public"}], limits={"writers": options.writers})
        common.run_sluice(task, "run", "--until", "caught-up")
        ours, peers = [], []
        for _ in range(options.rounds):  # taken in turn, so that all meet the same weather
            pgbench(source, "-n", "-c", "4", "-t", str(options.transactions // 4))
            vacuum(source, destination, replica)
            ours.append(common.run_sluice(task, "run", "--until", "caught-up"))
            assert sums(destination) == sums(source)
            if not options.no_peers:
                peers.append(replication_catch_up(source, replica))
            print(f"Sluice {ours[-1].seconds:.2f} s" + (f", replica {peers[-1]:.2f} s" if peers else ""), flush=True)
        seconds = min(ran.seconds for ran in ours)
        bench.result("backlog against logical replication", seconds, min(peers, default=None), 0.6)
        bench.result("peak memory", max(ran.peak_mib for ran in ours), None, 300, "MiB")


if __name__ == "__main__":
    main()
