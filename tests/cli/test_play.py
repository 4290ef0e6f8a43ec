"""`tinytorch play`: what the page is told, and one sentence for everything that can be in the way."""

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
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
def ask(network):
    with play.listen(0) as server:
        server.network = network
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()

        def ask(method, path, body=None, headers=None):
            connection = http.client.HTTPConnection(*server.server_address, timeout=20)
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            content = reply.read()
            connection.close()
            return reply, content

        yield ask
        server.shutdown()
        thread.join(20)


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
        ("POST", "/look", "{}", 400, "drawn"),
        ("POST", "/look", '{"drawn": [1, 2]}', 400, "expects 64 numbers"),
        ("POST", "/look", json.dumps({"drawn": ["x"] * 64}), 400, "expects 64 numbers"),
        ("POST", "/look", json.dumps({"drawn": [float("nan")] * 64}), 400, "finite"),
        ("POST", "/look", " " * (play.LARGEST + 1), 400, "ask /look"),
        ("POST", "/other", "{}", 400, "ask /look"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered(ask, method, path, body, status, said):
    reply, content = ask(method, path, body)
    assert reply.status == status and said in json.loads(content)["error"]


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


def started(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BROWSER": "/nowhere/browser", "PATH": "/nowhere"}
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
    time.sleep(0.2)  # until it serves; an interrupt before that is one of the start
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0 and "Traceback" not in rest


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
