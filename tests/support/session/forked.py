"""Tests in several processes, forked from one that has collected them.

    python -m pytest -p no:xdist -p tests.support.session.forked --forks auto

Collecting takes 9 s of the processor, so it happens once. A process takes file after file, in the order of the
collection, and keeps what its session fixtures made. Reports come back as pickles, which cost a tenth of a
millisecond. A process that dies fails the test that it ran; a new one goes on with the rest of the file.

The plugin stands instead of pytest-xdist (`-p no:xdist`), which has threads, and a process with threads does not fork.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
import random
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection, Pipe, wait
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from _pytest.capture import CaptureManager

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that says how many processes run tests."""
    parser.addoption("--forks", metavar="N", help="run files of tests in N processes; auto: twice the cores, and one")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run all tests in other processes, if the option is given."""
    option = session.config.option
    if not option.forks or option.collectonly or session.testsfailed:
        return None
    # Tests wait for timers, processes, and databases.
    number = 2 * (os.cpu_count() or 1) + 1 if option.forks == "auto" else int(option.forks)
    _Run(session).run(number)
    return True


class _Worker:
    """A process that runs tests, seen from the one that forked it."""

    def __init__(self, pid: int, link: Connection) -> None:
        self.pid = pid
        self.link = link
        self.items: Sequence[pytest.Item] = ()
        self.position = 0
        """Where in `items` it is."""


class _Run:
    """All tests of a session, given file by file to processes."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._hook = session.config.hook
        grouped = itertools.groupby(session.items, key=lambda item: item.path)
        self._files = collections.deque([list(items) for _, items in grouped])
        self._places = {item: place for place, item in enumerate(session.items)}
        self._workers: dict[Connection, _Worker] = {}
        self._numbers = itertools.count(1)

    def run(self, number: int) -> None:
        """Run them in so many processes. Raises what pytest raises when a run ends early."""
        _folders(self._session.config).getbasetemp()  # before they part: each of them would clear it
        try:
            for _ in range(min(number, len(self._files))):
                self._fork()
            while self._workers and not self._is_over():
                for link in wait(list(self._workers)):
                    assert isinstance(link, Connection)
                    self._hear(self._workers[link])
        finally:
            for worker in self._workers.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGTERM)
                os.waitpid(worker.pid, 0)
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if self._session.shouldstop:
            raise self._session.Interrupted(self._session.shouldstop)

    def _fork(self) -> None:
        """Start a process."""
        near_end, far_end = Pipe()
        name = f"worker-{next(self._numbers)}"
        assert threading.active_count() == 1, f"a thread does not come with a fork: {threading.enumerate()}"
        for stream in (sys.stdout, sys.stderr, self._session.config.get_terminal_writer()):
            stream.flush()
        pid = os.fork()
        if pid == 0:
            for link in (near_end, *self._workers):
                link.close()
            _become_worker(self._session, far_end, name)
        far_end.close()
        self._workers[near_end] = _Worker(pid, near_end)

    def _hear(self, worker: _Worker) -> None:
        """Take one message of a process."""
        try:
            kind, content = worker.link.recv()
        except (EOFError, ConnectionResetError):
            self._see_end(worker)
            return
        match kind:
            case "next":
                self._give(worker)
            case "at":
                worker.position = content
            case "report":
                report = self._hook.pytest_report_from_serializable(config=self._session.config, data=content)
                self._hook.pytest_runtest_logreport(report=report)
            case "start":
                self._hook.pytest_runtest_logstart(nodeid=content[0], location=content[1])
            case "finish":
                self._hook.pytest_runtest_logfinish(nodeid=content[0], location=content[1])
            case "fault":
                self._fail("the fixtures of a process", content)
            case _:
                raise AssertionError(kind)

    def _give(self, worker: _Worker) -> None:
        """Give a process its next file, or nothing, which ends it."""
        worker.items = self._files.popleft() if self._files else []
        worker.position = 0
        worker.link.send([self._places[item] for item in worker.items])

    def _see_end(self, worker: _Worker) -> None:
        """See how a process ended. If it died, its test failed, and a new process takes the rest of the file."""
        del self._workers[worker.link]
        worker.link.close()
        code = os.waitstatus_to_exitcode(os.waitpid(worker.pid, 0)[1])
        if code == 0:
            return
        if not worker.items:
            self._fail("a process of the tests", f"it ended with {code} between two files")
            return
        item = worker.items[worker.position]
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", f"its process ended with {code}", "call")
        self._hook.pytest_runtest_logreport(report=report)
        if rest := worker.items[worker.position + 1 :]:
            self._files.appendleft(list(rest))
            self._fork()

    def _fail(self, subject: str, text: str) -> None:
        """Report a fault that belongs to no test."""
        report = pytest.TestReport(subject, ("", None, ""), {}, "failed", text, "teardown")
        self._hook.pytest_runtest_logreport(report=report)

    def _is_over(self) -> bool:
        return bool(self._session.shouldfail or self._session.shouldstop)


class _Forwarding:
    """In a process that runs tests: hands what it hears about them to the process that reports."""

    def __init__(self, config: pytest.Config, link: Connection) -> None:
        self._config = config
        self._link = link

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        """A test begins."""
        self._link.send(("start", (nodeid, location)))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over."""
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._link.send(("report", data))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        """A test is over."""
        self._link.send(("finish", (nodeid, location)))


class _Screen:
    """Stands instead of pytest's own reporter, which would count tests here: who dumps stacks writes to its screen."""

    def __init__(self, config: pytest.Config) -> None:
        self.stats: dict[str, list[pytest.TestReport]] = {}
        self._tw = config.get_terminal_writer()


def _become_worker(session: pytest.Session, link: Connection, name: str) -> NoReturn:
    """Run tests until there are none, and end this process."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, _stop)
        _separate(session.config, name)
        session.config.pluginmanager.register(_Forwarding(session.config, link))
        while items := _ask(session, link):
            for position, item in enumerate(items):
                link.send(("at", position))
                # The session follows upon a file's last test: what lives as long as the session stays.
                following: Any = items[position + 1] if position + 1 < len(items) else session
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.shouldfail or session.shouldstop:
                    signal.pause()  # until the other process, which knows it too, stops this one
        _tear_down(session, link)
        code = 0
    except (KeyboardInterrupt, EOFError, BrokenPipeError):
        with contextlib.suppress(BaseException):
            session._setupstate.teardown_exact(None)
    except BaseException:  # noqa: BLE001 - whatever it is, the process ends here and not in its caller
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def _ask(session: pytest.Session, link: Connection) -> list[pytest.Item]:
    link.send(("next", None))
    return [session.items[place] for place in link.recv()]


def _tear_down(session: pytest.Session, link: Connection) -> None:
    """End what lives as long as the session."""
    try:
        session._setupstate.teardown_exact(None)
    except Exception:  # noqa: BLE001 - a fixture may raise anything
        link.send(("fault", traceback.format_exc()))


def _separate(config: pytest.Config, name: str) -> None:
    """Part from what this process shares with the one it was forked from: screen, captured output, folder, chance."""
    manager = config.pluginmanager
    screen = _Screen(config)
    manager.unregister(name="terminalreporter")
    manager.register(screen, "terminalreporter")
    capture = manager.getplugin("capturemanager")
    assert isinstance(capture, CaptureManager)
    capture.stop_global_capturing()
    capture.start_global_capturing()
    folders = _folders(config)
    folders._basetemp = folders.getbasetemp() / name
    folders._basetemp.mkdir(mode=0o700)
    random.seed()


def _folders(config: pytest.Config) -> pytest.TempPathFactory:
    return config._tmp_path_factory  # type: ignore[attr-defined] - pytest's plugin puts it there


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
