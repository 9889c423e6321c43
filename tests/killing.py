"""Processes that work, tell what they do, and are killed in the middle of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def process(work: Callable[..., None], *args: Any) -> Iterator[tuple[int, Any]]:
    """Run it in a process of its own, killed at the end; it tells lines."""
    reading, writing = os.pipe()
    number = os.fork()
    if number == 0:

        def tell(word: str, value: Any) -> None:
            os.write(writing, (json.dumps([word, value]) + "\n").encode())

        try:
            work(tell, *args)
        except BaseException as error:  # noqa: BLE001  (told to the test)
            tell("error", repr(error))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as lines:
        yield number, lines
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)


def told_until(lines: Any, number: int, count: int, pause: float) -> list[list[Any]]:
    """Kill a process after it did so many edits; all that it told."""
    told = []
    for line in lines:
        told.append(json.loads(line))
        assert told[-1][0] != "error", told[-1]
        if told[-1][0] == "end" or sum(word == "did" for word, _ in told) > count:
            break
    time.sleep(pause)
    os.kill(number, signal.SIGKILL)
    # a line that was cut off was told all the same: it says "will" or "did"
    told += [json.loads(line) for line in lines if line.endswith("\n")]
    return told


def might_be(told: list[list[Any]]) -> list[Any]:
    """What may be there after the kill: the last state that was journalled, or the one
    that was just being."""
    done = [value for word, value in told if word == "did"]
    last = done[-1] if done else {}
    tail = [value for word, value in told if word == "will"][len(done) :]
    return [last, *tail]
