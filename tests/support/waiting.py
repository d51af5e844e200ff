"""Waiting for conditions; tests never sleep for a fixed time."""

import time


class WaitTimeout(AssertionError):
    pass


def wait_until(condition, seconds, what, pause=0.05):
    """Returns the first true value of condition(); raises with `what` (a text or a callable) after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise WaitTimeout(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(pause)
