"""Passwords appear in no log, no status, no process list, no error, no state; Sluice never reads local files for a server."""

import pathlib

from tests.support import shop
from tests.support.waiting import wait_until

SECRET_SOURCE = "s3cret-Of-The-Source-7261"
SECRET_DESTINATION = "s3cret-Of-The-Dest-9154"


def make(source, destination, sluice, **more):
    source.create_account("mover", SECRET_SOURCE, source.all_rights)
    destination.create_account("mover", SECRET_DESTINATION, destination.all_rights)
    return sluice(
        source,
        destination,
        objects=[{"database": "shop"}],
        source_user="mover",
        source_password=SECRET_SOURCE,
        destination_user="mover",
        destination_password=SECRET_DESTINATION,
        **more,
    )


def assert_clean(where, text):
    for secret in (SECRET_SOURCE, SECRET_DESTINATION):
        data = secret.encode() if isinstance(text, bytes) else secret
        assert data not in text, f"a password in {where}"


def state_files(task):
    return [f for f in task.state.rglob("*") if f.is_file()]


def test_passwords_are_nowhere(any_pair, sluice):
    source, destination = any_pair
    shop.create(source)
    task = make(source, destination, sluice)
    outputs = [task.call(verb, *more) for verb in ("validate", "precheck", "preview") for more in ((), ("--json",))]
    outputs.append(task.call("validate", "--log-level", "debug"))
    task.start("--log-level", "debug")
    wait_until(lambda: task.status() is not None, 60, "a status")
    command_line = pathlib.Path(f"/proc/{task.process.pid}/cmdline").read_bytes()
    assert_clean("the process list", command_line)
    task.wait_caught_up()
    for server in (source, destination):
        for row in server.process_list():
            assert_clean("the server's process list", str(row))
    outputs += [task.call("status"), task.call("status", "--json"), task.call("verify", "--json")]
    # An error while running must not tell it either.
    source.change_password("mover", "changed-Now-1")
    source.execute("UPDATE shop.orders SET note = 'x' WHERE id < 5")
    wait_until(
        lambda: not task.is_running or "mover" in task.log_text(), 60, task.log_text
    )
    outputs.append(task.call("status", "--json"))
    task.kill()
    outputs.append(task.call("run", "--until", "caught-up", "--log-level", "debug"))
    for output in outputs:
        assert_clean(str(output.command), output.text)
    assert_clean("what run printed", task.log.read_bytes())
    for file in state_files(task):
        assert_clean(str(file), file.read_bytes())
    for row in destination.query("SELECT table_name FROM information_schema.tables WHERE table_schema='sluice'"):
        for content in destination.query(f"SELECT * FROM sluice.{row[0]}"):
            assert_clean("the destination's bookkeeping", str(content))


def test_password_written_in_the_file(one_pair, sluice):
    """A literal password with a mistake elsewhere: the message shows the place, not the line's password."""
    source, destination = one_pair
    task = make(source, destination, sluice)
    text = (
        task.file.read_text()
        .replace("${env:SLUICE_TEST_SRC}", SECRET_SOURCE)
        .replace(f"engine: {source.engine}", f"engine: {source.engine}l", 1)
    )
    task.file.write_text(text)
    for verb in ("validate", "run"):
        finished = task.call(verb)
        assert finished.code == 2
        assert_clean(verb, finished.text)


def test_password_from_a_file(one_pair, sluice, tmp_path):
    source, destination = one_pair
    shop.create(source)
    task = make(source, destination, sluice, types=["schema", "full"])
    secret = tmp_path / "pw"
    secret.write_text(SECRET_SOURCE + "\n")
    task.task["source"]["password"] = f"${{file:{secret}}}"
    task.write()
    task.run()


def test_state_is_private(one_pair, sluice):
    source, destination = one_pair
    shop.create(source)
    task = make(source, destination, sluice, types=["schema", "full"])
    task.run()
    assert (task.state.stat().st_mode & 0o077) == 0, "the state directory is the owner's alone"
