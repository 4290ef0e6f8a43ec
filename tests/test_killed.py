"""Killed outright at a random moment, whoever writes a file leaves the old one whole, or the new one.

A few times each here, two hundred times each with --long.
"""

import hashlib
import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from tinytorch import downloads, nn, training
from tinytorch._files import write_whole
from tinytorch.experiments.face import Result, Run
from tinytorch.experiments.store import Store
from tinytorch.grading.batch import read_result
from tinytorch.optim import Adam

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")

FEW, MANY = 8, 200
CONTENT = np.random.default_rng(0).bytes(300_000)


class Checkpoints:
    """A training that saves as often as it can."""

    def __init__(self, folder):
        self.path = folder / "run.npz"
        self.model = nn.Sequential(nn.Linear(60, 60), nn.BatchNorm1d(60))
        self.optimizer = Adam(self.model.parameters())

    def write(self, k):
        for p in self.model.parameters():
            p.data.fill_(k)
        training.save_checkpoint(self.path, self.model, self.optimizer, k=k)

    def read(self):
        if not self.path.exists():
            return None
        k = training.load_checkpoint(self.path, self.model, self.optimizer)["k"]
        assert all((p.array == k).all() for p in self.model.parameters())
        return k


class Caches:
    """A study that keeps what its runs found."""

    def __init__(self, folder):
        self.store = Store.__new__(Store)
        self.store.folder, self.store.text = folder / "studies", ""
        self.run = Run({"lr": 0.1}, 0)

    def write(self, k):
        self.store.put(Result(self.run, {"k": k, "curve": np.full(20_000, k)}, 1.0))

    def read(self):
        found = self.store.get(self.run)
        if found is None:
            assert not self.store._file(self.run).exists(), "a damaged file"
            return None
        assert (found.values["curve"] == found.values["k"]).all()
        return found.values["k"]


class Results:
    """A grader that writes a student's result."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "results").mkdir()

    def write(self, k):
        result = {"extra_data": {"k": k, "marks": [k] * 5000}}
        write_whole(self.folder / "results" / "ada.json", json.dumps(result, indent=1))

    def read(self):
        data = read_result(self.folder, "ada")
        if not data:
            assert not (self.folder / "results" / "ada.json").exists(), "a damaged file"
            return None
        assert data["marks"] == [data["k"]] * 5000
        return data["k"]


class Workspaces:
    """A learner's file that is put back to its stub, and back again."""

    def __init__(self, folder):
        self.path = folder / "ops.py"

    def write(self, k):
        write_whole(self.path, f"# {k}\n" * 10_000)

    def read(self):
        if not self.path.exists():
            return None
        lines = self.path.read_text(encoding="utf-8").splitlines()
        assert len(lines) == 10_000 and len(set(lines)) == 1
        return int(lines[0][2:])


class Downloads:
    """A file of a data set that is fetched from a server; what is on the disk under its name is whole."""

    def __init__(self, folder):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                begin = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
                self.send_response(206 if begin else 200)
                self.send_header("Content-Length", str(len(CONTENT) - begin))
                if begin:
                    self.send_header("Content-Range", f"bytes {begin}-{len(CONTENT) - 1}/{len(CONTENT)}")
                self.end_headers()
                self.wfile.write(CONTENT[begin:])

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # who asked was killed

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        digest = hashlib.sha256(CONTENT).hexdigest()
        self.file = downloads.RemoteFile("numbers", "numbers.bin", len(CONTENT), digest)
        self.mirror = f"http://127.0.0.1:{self.server.server_port}/"
        self.path = downloads.folders()[0] / "numbers" / "numbers.bin"

    def write(self, k):
        self.path.unlink(missing_ok=True)
        downloads.fetch(self.file)

    def read(self):
        if self.path.exists():
            assert self.path.read_bytes() == CONTENT
        return None

    def close(self):
        assert downloads.fetch(self.file).read_bytes() == CONTENT  # whatever was left of a part
        self.server.shutdown()
        self.server.server_close()


WRITERS = [Checkpoints, Caches, Results, Workspaces, Downloads]


def killed(writer, rng):
    """Write on and on in a child, kill it at some moment, and return the number of the last whole write that it told."""
    told, tell = os.pipe()
    child = os.fork()
    if not child:  # no clean-up, no output: as if the machine had stopped
        try:
            for k in range(killed.count, 10**9):
                writer.write(k)
                os.write(tell, b"%d\n" % k)
        finally:
            os._exit(1)
    os.close(tell)
    with os.fdopen(told, "rb") as lines:
        first = lines.readline()
        time.sleep(rng.exponential(0.01))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        whole = [line for line in [first, *lines] if line.endswith(b"\n")]
    assert whole, "it could not write at all"
    killed.count = int(whole[-1]) + 2
    return int(whole[-1])


killed.count = 0


@pytest.fixture(params=WRITERS, ids=lambda writer: writer.__name__.lower())
def writer(request, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path))
    monkeypatch.delenv("TINYTORCH_OFFLINE", raising=False)
    made = request.param(tmp_path)
    if request.param is Downloads:
        monkeypatch.setitem(downloads.MIRRORS, "numbers", (made.mirror,))
    yield made
    if request.param is Downloads:
        made.close()


def kill_again_and_again(writer, times):
    rng = np.random.default_rng(0)
    for _ in range(times):
        last = killed(writer, rng)
        found = writer.read()
        assert isinstance(writer, Downloads) or found in (last, last + 1)


def test_killed_a_few_times_nothing_is_half_written(writer):
    kill_again_and_again(writer, FEW)


@pytest.mark.long
def test_killed_two_hundred_times_nothing_is_half_written(writer):
    kill_again_and_again(writer, MANY)


def test_a_writer_that_writes_in_place_is_seen(tmp_path):
    workspace = Workspaces(tmp_path)

    def in_place(k):
        with open(workspace.path, "w", encoding="utf-8") as stream:
            for _ in range(10_000):
                stream.write(f"# {k}\n")
                stream.flush()

    workspace.write = in_place
    with pytest.raises(AssertionError):
        kill_again_and_again(workspace, 30)
