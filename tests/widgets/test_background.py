"""Work on real threads: what comes back, when it is stopped, and who is told."""

from __future__ import annotations

import threading
import time

import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QEvent, QObject, QThread

from labdata_napari.errors import Cancelled, LabdataError, NotFound
from labdata_napari.widgets.background import start_worker


class Asker(QObject):
    """Somebody who wants an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.results: list[object] = []
        self.errors: list[LabdataError] = []
        self.steps: list[tuple[int, int]] = []
        self.threads: set[object] = set()

    def done(self, result: object) -> None:
        self.threads.add(QThread.currentThread())
        self.results.append(result)

    def failed(self, error: LabdataError) -> None:
        self.threads.add(QThread.currentThread())
        self.errors.append(error)

    def progress(self, done: int, total: int) -> None:
        self.steps.append((done, total))


@pytest.fixture
def notifications():
    seen = []
    notification_manager.notification_ready.connect(seen.append)
    yield seen
    notification_manager.notification_ready.disconnect(seen.append)


@pytest.fixture
def asker(qapp) -> Asker:
    return Asker()


def run(asker, function, *args, **options):
    return start_worker(
        function, *args, done=asker.done, failed=asker.failed, **options
    )


def finish(qtbot, job):
    qtbot.waitUntil(lambda: job.is_over, timeout=5000)


def test_the_result_comes_back_on_the_gui_thread(asker, qtbot):
    main = threading.get_ident()
    finish(qtbot, run(asker, lambda: threading.get_ident()))
    assert asker.results
    assert asker.results[0] != main
    assert asker.threads == {QThread.currentThread()}


def test_an_expected_error_comes_back_as_it_was_raised(asker, qtbot):
    def work() -> None:
        raise NotFound("The file brain.tif is gone; copy it again.")

    finish(qtbot, run(asker, work))
    assert [str(e) for e in asker.errors] == [
        "The file brain.tif is gone; copy it again."
    ]
    assert not asker.results


@pytest.mark.parametrize("kind", [ZeroDivisionError, RuntimeError])
def test_an_unexpected_error_is_told_and_shown_with_its_traceback(
    asker, qtbot, kind, notifications
):
    def work() -> None:
        raise kind("oops")

    finish(qtbot, run(asker, work))
    assert "failed unexpectedly" in str(asker.errors[0])
    assert [type(n.exception) for n in notifications] == [kind]


def test_progress_arrives_and_a_cancel_ends_the_work(asker, qtbot, make_napari_viewer):
    make_napari_viewer()

    def work(progress) -> None:
        for step in range(10_000):
            progress(step, 10_000)
            time.sleep(0.005)

    job = run(asker, work, title="Counting", progress=asker.progress)
    qtbot.waitUntil(lambda: len(asker.steps) > 2, timeout=5000)
    job.cancel()
    finish(qtbot, job)
    assert isinstance(asker.errors[0], Cancelled)
    assert asker.steps[-1][0] < 10_000


def test_work_that_does_not_look_up_when_cancelled_still_ends(asker, qtbot):
    job = run(asker, time.sleep, 0.2)
    job.cancel()
    finish(qtbot, job)
    assert len(asker.results) + len(asker.errors) == 1


def test_a_deleted_widget_is_not_called_back(qtbot, qapp):
    gone = Asker()
    release = threading.Event()
    job = run(gone, release.wait, 5)
    results = gone.results
    gone.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    del gone
    release.set()
    finish(qtbot, job)
    assert results == []
