"""`tinytorch play`: a page on which one draws a digit or a signal, and sees what a network makes of it, layer by layer.

The page is served to this machine alone, from play.html beside this file. In a workspace the learner's own files compute.
"""

from __future__ import annotations

import argparse
import errno
import json
import math
import runpy
import sys
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinytorch.cli import CommandError
from tinytorch.course import workspace
from tinytorch.course.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    import numpy as np

HOST, PORT = "127.0.0.1", 8088
LARGEST = 100_000  # bytes of a question
PATIENCE = 20  # seconds for one that has begun
FURTHEST = 1000  # from zero, of a point that is drawn
SHAPES = {"tinydigits": (1, 8, 8), "mnist1d": (1, 40)}  # what one draws, by the data set that is like it
NETWORKS = {"cnn": "tinydigits", "mlp": "tinydigits", "signals": "mnist1d"}
EPOCHS = {"cnn": 15, "mlp": 30, "signals": 15}


def add_parser(commands: Any, name: str, summary: str) -> None:
    """Say what the command takes."""
    parser = commands.add_parser(
        name,
        help=summary,
        description="Open a page on which you draw a digit of 8 x 8 points, or a signal, and see a network's activations and its "
        "answer as you draw. Without a checkpoint a small network is trained first, which takes seconds. In a workspace "
        "your own files compute.",
    )
    parser.add_argument(
        "checkpoint", nargs="?", type=Path, metavar="CHECKPOINT", help="a file with a network's parameters"
    )
    parser.add_argument(
        "--network", choices=NETWORKS, default="cnn", help="what to train where there is no checkpoint (cnn)"
    )
    parser.add_argument(
        "--model", type=Path, metavar="FILE", help="a Python file that defines `model`, for the checkpoint"
    )
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help=f"where the page is ({PORT}; 0: wherever is free)"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser, only say where the page is")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the network, and serve the page until Ctrl-C."""
    if not 0 <= options.port <= 65535:
        raise CommandError(f"a port is a number from 0 to 65535, got {options.port}")
    enter_workspace()
    server = listen(options.port)
    with server:
        server.network = load(options) if options.checkpoint or options.model else train(options.network)
        address = f"http://{HOST}:{server.server_port}"
        print(f"Draw at {address}; Ctrl-C ends it.", flush=True)
        # beside the server, for a browser in the terminal waits there until its reader ends it
        if not options.no_browser:
            threading.Thread(target=open_browser, args=(address,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


def enter_workspace() -> None:
    """Where there is a workspace, its files stand in for the library's from here on. Raises CommandError for a broken one."""
    here = Path.cwd()
    if any((folder / workspace.MARK).is_file() for folder in (here, *here.parents)):
        try:
            workspace.enter(Workspace.find(here).sources())
        except WorkspaceError as error:
            raise CommandError(str(error), 1) from None


def open_browser(address: str) -> None:
    """Show a page to the person at this machine, or say that there is nothing to show it with."""
    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        print("No browser was found here: open the address in one.", flush=True)


# The network


@dataclass
class Network:
    """A trained model, what it was made for, and what it computes for one input."""

    model: Any
    data: str

    def __post_init__(self) -> None:
        self._one_at_a_time = threading.Lock()

    @cached_property
    def examples(self) -> tuple[np.ndarray, np.ndarray]:
        """The test set of its data: inputs and labels."""
        _, test = getattr(import_module("tinytorch.datasets"), self.data)()
        inputs, labels = test.tensors
        return inputs.array, labels.array

    def look(self, drawn: list[float]) -> dict[str, Any]:
        """The activations of every layer for what was drawn, and the probabilities of the classes.

        Raises ValueError for what has another size, or is no numbers, and where the network's answer is none.
        """
        import numpy as np

        no_grad, tensor = import_module("tinytorch.autograd").no_grad, import_module("tinytorch.tensor").Tensor
        shape = SHAPES[self.data]
        try:
            values = np.asarray(drawn, np.float64).reshape(1, *shape)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"play expects {np.prod(shape)} numbers") from None
        if not (np.abs(values) <= FURTHEST).all():  # nan is refused, too
            raise ValueError(f"play expects numbers from -{FURTHEST} to {FURTHEST}")
        with self._one_at_a_time, no_grad(), np.errstate(all="ignore"):
            layers, output = activations(self.model, tensor(values.astype(np.float32)))
            probabilities = plain(output.softmax(-1).array)
        if not all(map(math.isfinite, [*probabilities, *(value for layer in layers for value in layer["values"])])):
            raise ValueError("the network answers with what is no number: some of its parameters are nan or infinite")
        return {"layers": layers, "probabilities": probabilities}


def activations(model: Any, x: Any) -> tuple[list[dict[str, Any]], Any]:
    """What each layer of a model gives, without the batch, and the output."""
    seen: list[dict[str, Any]] = []

    def note(name: str) -> Callable[..., None]:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            if hasattr(output, "array"):
                array = output.array[0]
                seen.append({"name": name, "shape": list(array.shape), "values": plain(array)})

        return hook

    leaves = [module for module in model.modules() if not any(True for _ in module.children())]
    handles = [module.register_forward_hook(note(type(module).__name__)) for module in leaves]
    try:
        return seen, model(x)
    finally:
        for handle in handles:
            handle.remove()


def plain(array: np.ndarray) -> list[float]:
    """The numbers of an array, four digits of each."""
    return [float(f"{x:.4g}") for x in array.reshape(-1).tolist()]


def make(name: str) -> Any:
    """One of our own networks, untrained."""
    nn = import_module("tinytorch.nn")
    if name == "mlp":
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    if name == "cnn":
        convolutions = (
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(16 * 4 * 4, 10))
    layers: list[Any] = []
    for inputs, outputs, kernel in ((1, 16, 5), (16, 16, 3), (16, 16, 3)):
        layers += nn.Conv1d(inputs, outputs, kernel, stride=2, padding=1), nn.ReLU()
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 5, 10))


def first_network() -> Any:
    """The network with which the README and the book begin, untrained."""
    nn = import_module("tinytorch.nn")
    layers: list[Any] = []
    for inputs, outputs in ((1, 8), (8, 16)):
        layers += nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64, 10))


def train(name: str) -> Network:
    """One of our own networks, trained while one waits."""
    data = NETWORKS[name]
    faster = "" if name == "mlp" else "; --network mlp is the quickest"
    print(f"A small network learns {data} first{faster}.", flush=True)
    training, _ = getattr(import_module("tinytorch.datasets"), data)()
    moved = import_module("tinytorch.data")
    transform = moved.RandomShift(1) if data == "tinydigits" else moved.RandomRoll(2)
    import_module("tinytorch.creation").manual_seed(0)
    fit = import_module("tinytorch.training").fit
    try:
        model = make(name)
        optimizer = import_module("tinytorch.optimizers").Adam(model.parameters(), lr=0.005)
        fit(model, training, epochs=EPOCHS[name], optimizer=optimizer, transform=transform, batch_size=50)
    except Exception as error:  # of the learner's code, whatever it is
        raise CommandError(f"the network could not be trained: {type(error).__name__}: {error}", 1) from error
    model.eval()
    return Network(model, data)


def load(options: argparse.Namespace) -> Network:
    """The network of a checkpoint, or of a file of one's own. Raises CommandError where there is none."""
    state = read_state(options.checkpoint) if options.checkpoint else None
    if options.model:
        model = model_of(options.model)
        try:
            fitted(model, state)
        except (RuntimeError, TypeError) as error:
            raise CommandError(f"{options.checkpoint} does not fit {options.model}: {error}", 1) from None
        return Network(model, data_of(model, options.model))
    unwritten = ""
    for build in known_networks():
        try:
            model = fitted(build(), state)
        except NotImplementedError as error:  # the learner has not come to what this network is made of
            unwritten = f", as far as yours can be built without {error}"
        except Exception:  # it does not fit, or the learner's code of it fails
            continue
        else:
            return Network(model, data_of(model, options.checkpoint))
    raise CommandError(
        f"{options.checkpoint} is of a network that play does not know{unwritten}: write a Python file that defines it as "
        "`model`, and say --model FILE",
        1,
    )


def fitted(model: Any, state: Any) -> Any:
    """The network with the parameters of a checkpoint, if there is one, ready for use."""
    if state is not None:
        model.load_state_dict(state)
    return model.eval()


def read_state(file: Path) -> Any:
    """The parameters in a file of `save`, `save_checkpoint` or `fit`. Raises CommandError where it has none."""
    load_file = import_module("tinytorch.serialization").load
    try:
        content = load_file(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be opened: {error.strerror}", 1) from None
    except ValueError as error:
        raise CommandError(f"{file} is no checkpoint, or damaged: {error}", 1) from None
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        content = content["model"]
    if not isinstance(content, dict) or not content or not all(hasattr(v, "array") for v in content.values()):
        raise CommandError(f"{file} holds no parameters of a network: save its state_dict() into it", 1)
    return content


def known_networks() -> list[Callable[[], Any]]:
    """All networks that a checkpoint may be of: ours, the README's, those of the demo and of the milestones."""
    recipes = import_module("tinytorch.recipes").RECIPES.values()
    milestones = import_module("tinytorch.course.milestones").MILESTONES.values()
    return [
        *(lambda name=name: make(name) for name in NETWORKS),
        first_network,
        *(recipe.network for recipe in recipes),
        *(lambda plan=milestone.plan: plan().model for milestone in milestones),
    ]


def model_of(file: Path) -> Any:
    """The Module that a Python file calls `model`. Raises CommandError where there is none."""
    if not file.is_file():
        raise CommandError(f"there is no file {file}", 1)
    try:
        found = runpy.run_path(str(file)).get("model")
    except Exception as error:
        raise CommandError(f"{file} could not be run: {type(error).__name__}: {error}", 1) from error
    if not isinstance(found, import_module("tinytorch.layers").Module):
        raise CommandError(f"{file} defines no Module of the name `model`", 1)
    return found


def data_of(model: Any, file: Path) -> str:
    """What a model takes: digits or signals. Raises CommandError for anything else."""
    zeros, no_grad = import_module("tinytorch.creation").zeros, import_module("tinytorch.autograd").no_grad
    for data, shape in SHAPES.items():
        try:
            with no_grad():
                output = model(zeros(1, *shape))
        except Exception:  # whatever the layers say to a shape that is not theirs
            continue
        if getattr(output, "shape", None) == (1, 10):
            return data
    raise CommandError(
        f"the network of {file} takes neither digits (N, 1, 8, 8) nor signals (N, 1, 40) in ten classes", 1
    )


# The server


class Server(ThreadingHTTPServer):
    """Answers this machine only."""

    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # there it would let two servers share a port
    network: Network

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing where somebody closed the page before the answer was there."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def listen(port: int) -> Server:
    """A server on a port of the loopback. Raises CommandError where something else has it."""
    try:
        return Server((HOST, port), Handler)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        why = "is in use" if error.errno == errno.EADDRINUSE else "is not ours to take"
        raise CommandError(f"port {port} {why}: --port 0 takes one that is free", 1) from None


def whole(text: str, most: int) -> int | None:
    """The whole number from 0 to `most` that a text is, or None. A text of many digits is not even read."""
    return int(text) if text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most else None


class Handler(BaseHTTPRequestHandler):
    """GET / is the page, /about what is drawn, /example/N a test example; POST /look is asked as one draws."""

    server: Server
    timeout = PATIENCE

    def do_GET(self) -> None:
        """The page, or an example."""
        if not self._is_local():
            return
        if self.path == "/":
            self._send(Path(__file__).with_suffix(".html").read_bytes(), "text/html; charset=utf-8")
        elif self.path == "/about":
            network = self.server.network
            self._answer({"data": network.data, "shape": SHAPES[network.data], "examples": len(network.examples[1])})
        elif self.path.startswith("/example/"):
            self._example(self.path.removeprefix("/example/"))
        else:
            self._answer({"error": "there is nothing here"}, 404)

    def do_POST(self) -> None:
        """What the network makes of a drawing."""
        if not self._is_local():
            return
        length = whole(self.headers.get("Content-Length", ""), LARGEST)
        if self.path != "/look" or length is None:
            self._answer({"error": "ask /look, with the numbers of a drawing"}, 400)
            return
        self._answer(*self._look(self.rfile.read(length)))

    def _look(self, question: bytes) -> tuple[dict[str, Any], int]:
        try:
            drawn = json.loads(question)["drawn"]
        except KeyError:
            return {"error": 'play expects {"drawn": [numbers]}, and "drawn" is missing'}, 400
        except (ValueError, TypeError, RecursionError) as error:
            return {"error": f'play expects {{"drawn": [numbers]}}: {error}'}, 400
        try:
            return self.server.network.look(drawn), 200
        except ValueError as error:
            return {"error": str(error)}, 400
        except Exception as error:  # of the learner's code: the page shows it, and goes on
            return {"error": f"{type(error).__name__}: {error}"}, 500

    def _example(self, number: str) -> None:
        inputs, labels = self.server.network.examples
        i = whole(number, len(labels) - 1)
        if i is None:
            self._answer({"error": f"there are {len(labels)} examples, from 0 on"}, 404)
            return
        self._answer({"drawn": plain(inputs[i]), "label": int(labels[i])})

    def _is_local(self) -> bool:
        """Whether our own page asks, by this machine's name: others may lead a browser here, or have theirs ask."""
        host = self.headers.get("Host", "")
        if host.rsplit(":", 1)[0] in (HOST, "localhost") and self.headers.get("Origin") in (None, f"http://{host}"):
            return True
        self._answer({"error": "this page is for this machine only"}, 403)
        return False

    def _answer(self, content: dict[str, Any], status: int = 200) -> None:
        self._send(json.dumps(content, allow_nan=False).encode(), "application/json", status)

    def _send(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
            "frame-ancestors 'none'",
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal is the learner's."""
