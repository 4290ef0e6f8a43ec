"""`tinytorch play`: what the page is told, and one sentence for everything that can be in the way."""

import argparse
import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinytorch
from tinytorch import nn
from tinytorch.cli import CommandError, main, play

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def network():
    tinytorch.manual_seed(0)
    model = play.make("cnn")
    model.eval()
    return play.Network(model, "tinydigits")


@pytest.fixture
def server(network):
    with play.listen(0) as server:
        server.network = network
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(20)


@pytest.fixture
def ask(server):
    def ask(method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(*server.server_address, timeout=20)
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply, content

    return ask


def options(checkpoint=None, model=None):
    return argparse.Namespace(checkpoint=checkpoint, model=model, network="cnn")


# What the page is told


def test_it_shows_every_layer_and_probabilities(network):
    drawn = np.linspace(0, 1, 64, dtype=np.float32)
    seen = network.look(drawn.tolist())
    assert [layer["name"] for layer in seen["layers"]] == "Conv2d ReLU Conv2d ReLU MaxPool2d Flatten Linear".split()
    assert [layer["shape"] for layer in seen["layers"]][::6] == [[8, 8, 8], [10]]
    assert all(len(layer["values"]) == np.prod(layer["shape"]) for layer in seen["layers"])
    with tinytorch.no_grad():
        expected = network.model(tinytorch.tensor(drawn.reshape(1, 1, 8, 8))).softmax(1)
    assert_allclose(seen["probabilities"], expected.numpy()[0], rtol=1e-3)


def test_looking_leaves_no_hooks_behind(network):
    network.look([0.0] * 64)
    assert not any(module._forward_hooks for module in network.model.modules())


def test_it_is_one_network_for_signals_too():
    signals = play.Network(play.make("signals"), "mnist1d")
    assert len(signals.look([0.0] * 40)["probabilities"]) == 10 and signals.examples[0].shape == (1000, 1, 40)


def test_the_page_and_its_questions(ask, network):
    reply, page = ask("GET", "/")
    assert reply.status == 200 and b'<canvas id="pad"' in page
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert json.loads(ask("GET", "/about")[1]) == {"data": "tinydigits", "shape": [1, 8, 8], "examples": 200}
    assert ask("GET", "/example/199")[0].status == 200
    example = json.loads(ask("GET", "/example/7")[1])
    assert example["label"] == network.examples[1][7] and len(example["drawn"]) == 64
    reply, seen = ask("POST", "/look", json.dumps({"drawn": example["drawn"]}))
    assert reply.status == 200 and len(json.loads(seen)["probabilities"]) == 10


def test_the_page_holds_all_that_it_needs():
    page = Path(play.__file__).with_suffix(".html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http-equiv", "") and "src=" not in page


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/nothing", None, 404, "nothing here"),
        ("GET", "/../../etc/passwd", None, 404, "nothing here"),
        ("GET", "/example/200", None, 404, "there are 200 examples"),
        ("GET", "/example/-1", None, 404, "there are 200 examples"),
        ("POST", "/look", "{", 400, "Expecting"),
        ("POST", "/look", "[]", 400, ""),
        ("POST", "/look", "{}", 400, 'and "drawn" is missing'),
        ("POST", "/look", '{"drawn": [1, 2]}', 400, "expects 64 numbers"),
        ("POST", "/look", json.dumps({"drawn": ["x"] * 64}), 400, "expects 64 numbers"),
        ("POST", "/look", json.dumps({"drawn": [float("nan")] * 64}), 400, "from -1000 to 1000"),
        ("POST", "/look", json.dumps({"drawn": [1e38] * 64}), 400, "from -1000 to 1000"),
        ("POST", "/look", json.dumps({"drawn": [10**400] * 64}), 400, "expects 64 numbers"),
        ("POST", "/look", '{"drawn": [1' + "0" * 5000 + "]}", 400, "expects"),  # longer than int() reads
        ("POST", "/look", "[" * 50_000, 400, "expects"),
        ("POST", "/look", b'{"drawn": "\xff"}', 400, "expects"),
        ("GET", "/example/" + "1" * 5000, None, 404, "there are 200 examples"),
        ("POST", "/look", " " * (play.LARGEST + 1), 400, "ask /look"),
        ("POST", "/other", "{}", 400, "ask /look"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered(ask, method, path, body, status, said):
    reply, content = ask(method, path, body)
    assert reply.status == status and said in json.loads(content)["error"]


@pytest.mark.parametrize("length", ["1" * 5000, "-1", "1e3", "\xb2", "100001", ""])
def test_a_length_that_makes_no_sense_is_answered(ask, length):
    reply, content = ask("POST", "/look", headers={"Content-Length": length})
    assert reply.status == 400 and "ask /look" in json.loads(content)["error"]


def test_a_page_from_elsewhere_may_not_ask(ask):
    drawn = json.dumps({"drawn": [0.0] * 64})
    for origin in ("http://elsewhere.example", "null", "https://localhost:1", "http://localhost:2"):
        reply, content = ask("POST", "/look", drawn, {"Host": "localhost:1", "Origin": origin})
        assert reply.status == 403 and b"this machine only" in content
    assert ask("POST", "/look", drawn, {"Host": "localhost:1", "Origin": "http://localhost:1"})[0].status == 200
    assert "frame-ancestors 'none'" in ask("GET", "/")[0].headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "begun",
    [b"", b"POST /look HTTP/1.1\r\nHost: loc", b"POST /look HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"],
)
def test_who_does_not_go_on_asking_is_not_waited_for(server, begun, monkeypatch, capfd):
    assert 0 < play.Handler.timeout < 60
    monkeypatch.setattr(play.Handler, "timeout", 0.05)
    with socket.create_connection(server.server_address, timeout=20) as connection:
        connection.sendall(begun)
        assert connection.recv(100) == b""
    assert capfd.readouterr().err == ""


def test_who_leaves_before_the_answer_is_no_fault(server, network, monkeypatch, capfd):
    asked, left, ended = (threading.Event() for _ in range(3))

    def slow(drawn):
        asked.set()
        left.wait(20)
        return {}

    def end(request, shutdown=server.shutdown_request):
        shutdown(request)
        ended.set()

    monkeypatch.setattr(network, "look", slow)
    monkeypatch.setattr(server, "shutdown_request", end)
    connection = socket.create_connection(server.server_address)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # it is cut, not closed
    connection.sendall(b'POST /look HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n{"drawn":0}')
    assert asked.wait(20)
    connection.close()
    left.set()
    assert ended.wait(20) and capfd.readouterr().err == ""


def test_any_other_fault_of_the_server_is_told(server, capfd):
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        server.handle_error(None, server.server_address)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_it_is_for_this_machine_only(ask):
    reply, content = ask("GET", "/", headers={"Host": "elsewhere.example"})
    assert reply.status == 403 and b"this machine only" in content
    assert ask("GET", "/about", headers={"Host": "localhost:1"})[0].status == 200
    with play.listen(0) as server:
        assert server.server_address[0] == "127.0.0.1"


def test_a_fault_of_the_network_is_shown_and_not_the_end(ask, network, monkeypatch):
    def broken(drawn):
        raise ZeroDivisionError("in my own layer")

    monkeypatch.setattr(network, "look", broken)
    reply, content = ask("POST", "/look", '{"drawn": []}')
    assert reply.status == 500 and json.loads(content)["error"] == "ZeroDivisionError: in my own layer"
    assert ask("GET", "/about")[0].status == 200


# Checkpoints


@pytest.mark.parametrize("name", play.NETWORKS)
def test_a_checkpoint_is_known_by_its_parameters(name, tmp_path):
    model = play.make(name)
    file = tmp_path / "model.npz"
    tinytorch.save(model.state_dict(), file)
    loaded = play.load(options(file))
    assert loaded.data == play.NETWORKS[name] and not loaded.model.training
    assert all((a.array == b.array).all() for a, b in zip(loaded.model.parameters(), model.parameters(), strict=True))


def test_a_checkpoint_of_fit_and_one_of_the_milestones(tmp_path):
    from tinytorch.course.milestones import MILESTONES
    from tinytorch.training import save_checkpoint

    plan = MILESTONES["mlp"].plan()
    file = tmp_path / "run.npz"
    save_checkpoint(file, plan.model, plan.optimizer)
    assert play.load(options(file)).data == "tinydigits"


def test_the_network_of_the_front_page(tmp_path):
    file = tmp_path / "digits.npz"
    tinytorch.save(play.first_network().state_dict(), file)
    loaded = play.load(options(file))
    assert loaded.data == "tinydigits" and len(loaded.look([0.0] * 64)["layers"]) == 8


def test_a_model_of_ones_own(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("from tinytorch import nn\nmodel = nn.Sequential(nn.Flatten(), nn.Linear(40, 10))\n")
    checkpoint = tmp_path / "mine.npz"
    tinytorch.save(nn.Sequential(nn.Flatten(), nn.Linear(40, 10)).state_dict(), checkpoint)
    assert play.load(options(checkpoint, file)).data == "mnist1d"
    assert play.load(options(None, file)).data == "mnist1d"


def make_broken(folder):
    """Files and models that are not what they should be, with what is said about each."""
    (folder / "text.npz").write_text("no archive")
    tinytorch.save([1, 2], folder / "list.npz")
    tinytorch.save(nn.Linear(3, 2).state_dict(), folder / "other.npz")
    whole = folder / "whole.npz"
    tinytorch.save(play.make("mlp").state_dict(), whole)
    (folder / "half.npz").write_bytes(whole.read_bytes()[:500])
    (folder / "none.py").write_text("x = 1\n")
    (folder / "fails.py").write_text("1 / 0\n")
    (folder / "odd.py").write_text("from tinytorch import nn\nmodel = nn.Linear(3, 3)\n")
    (folder / "mlp.py").write_text("from tinytorch.cli.play import make\nmodel = make('mlp')\n")


@pytest.mark.parametrize(
    ("checkpoint", "model", "said"),
    [
        ("missing.npz", None, "cannot be opened"),
        ("text.npz", None, "is no checkpoint, or damaged"),
        ("half.npz", None, "is no checkpoint, or damaged"),
        ("list.npz", None, "holds no parameters of a network"),
        ("other.npz", None, "play does not know.*--model FILE"),
        ("other.npz", "mlp.py", "does not fit .*missing"),
        (None, "missing.py", "there is no file"),
        (None, "none.py", "defines no Module of the name `model`"),
        (None, "fails.py", "could not be run: ZeroDivisionError"),
        (None, "odd.py", "takes neither digits"),
    ],
)
def test_what_is_no_checkpoint_is_told_in_one_sentence(checkpoint, model, said, tmp_path):
    make_broken(tmp_path)
    given = options(*(None if name is None else tmp_path / name for name in (checkpoint, model)))
    with pytest.raises(CommandError, match=said) as found:
        play.load(given)
    assert "\n" not in str(found.value)


# At the terminal


def not_written():
    raise NotImplementedError("09.7 sizes")


def test_a_network_that_is_not_written_yet_does_not_hide_the_others(tmp_path, monkeypatch):
    tinytorch.save(play.make("mlp").state_dict(), tmp_path / "model.npz")
    monkeypatch.setattr(play, "known_networks", lambda: [not_written, lambda: play.make("mlp")])
    assert play.load(options(tmp_path / "model.npz")).data == "tinydigits"
    monkeypatch.setattr(play, "known_networks", lambda: [not_written])
    with pytest.raises(CommandError, match=r"does not know, as far as yours can be built without 09\.7 sizes: "):
        play.load(options(tmp_path / "model.npz"))


def test_a_network_that_is_not_written_yet_is_not_trained(monkeypatch):
    monkeypatch.setattr(play, "make", lambda name: not_written())
    with pytest.raises(CommandError, match=r"could not be trained: NotImplementedError: 09\.7 sizes"):
        play.train("mlp")


def test_a_network_whose_answer_is_no_number_says_so():
    model = play.make("mlp")
    next(model.parameters()).array[:] = np.nan
    with pytest.raises(ValueError, match="answers with what is no number"):
        play.Network(model, "tinydigits").look([0.0] * 64)


def test_a_port_in_use_is_told_in_one_sentence(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main.main(["play", "--no-browser", "--port", str(port)]) == 1
    assert capsys.readouterr().err == f"tinytorch: port {port} is in use: --port 0 takes one that is free\n"


def test_a_port_that_is_none(capsys):
    assert main.main(["play", "--port", "70000"]) == 2 and "from 0 to 65535" in capsys.readouterr().err


def started(folder, *arguments, browser="/nowhere/browser"):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BROWSER": browser, "PATH": "/nowhere"}
    environment.pop("DISPLAY", None)
    return subprocess.Popen(
        [sys.executable, "-m", "tinytorch", "play", "--port", "0", *arguments],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_without_a_browser_it_says_where_the_page_is_and_ends_with_an_interrupt(tmp_path):
    file = tmp_path / "model.npz"
    tinytorch.save(play.make("mlp").state_dict(), file)
    process = started(tmp_path, str(file))
    lines = [process.stdout.readline(), process.stdout.readline()]
    assert lines[0].startswith("Draw at http://127.0.0.1:") and "No browser was found" in lines[1]
    with urllib.request.urlopen(lines[0].split()[2].rstrip(";"), timeout=20) as page:
        assert b"<canvas" in page.read()  # it serves; an interrupt before that is one of the start
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0 and "Traceback" not in rest


def test_a_browser_in_the_terminal_is_served_while_it_is_open(tmp_path):
    tinytorch.save(play.make("mlp").state_dict(), tmp_path / "model.npz")
    script = tmp_path / "browser.py"
    script.write_text("import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=20).status, flush=True)\n")
    process = started(tmp_path, "model.npz", browser=f"{sys.executable} {script} %s")
    lines = [process.stdout.readline(), process.stdout.readline()]
    process.terminate()
    process.communicate(timeout=20)
    assert lines[0].startswith("Draw at") and lines[1] == "200\n"


def test_a_signal_that_is_drawn_stays_as_far_from_zero_as_those_of_the_data():
    page = Path(play.__file__).with_suffix(".html").read_text(encoding="utf-8")
    most = float(re.search(r"const MOST = ([\d.]+);", page)[1])
    data = np.concatenate([part.tensors[0].array for part in tinytorch.datasets.mnist1d()])
    assert 0 <= most - abs(data).max() < 0.5 and most < play.FURTHEST


def test_in_a_workspace_their_own_files_compute(tmp_path):
    folder = tmp_path / "mine"
    subprocess.run(
        [sys.executable, "-m", "tinytorch", "start", str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True,
    )  # fmt: skip
    text = (folder / "ops.py").read_text()
    stub = 'raise NotImplementedError("01.3 relu")'
    assert stub in text
    (folder / "ops.py").write_text(text.replace(stub, 'raise ArithmeticError("this is my relu")'))
    tinytorch.save(play.make("mlp").state_dict(), tmp_path / "model.npz")
    process = started(folder, "--network", "mlp", "--no-browser")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "could not be trained: ArithmeticError: this is my relu" in said


def test_a_workspace_that_cannot_be_read_is_told(tmp_path):
    folder = tmp_path / "mine"
    subprocess.run(
        [sys.executable, "-m", "tinytorch", "start", str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True,
    )  # fmt: skip
    (folder / "ops.py").write_text("def add(:\n")
    process = started(folder, "--no-browser")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and said.count("\n") == 1 and "ops.py" in said
