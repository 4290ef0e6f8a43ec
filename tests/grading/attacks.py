"""The attacks and faults that a grader must survive, each a few lines of a student's. Numbers that are missing are tests elsewhere:
45 and 58 in test_attacks, 49 to 53 in test_submissions, test_marks and test_pages, 54 and 55 in test_batch.

Every one but the honest is to earn nothing where it stands and to change nothing elsewhere. {outside} is a folder of the
grader's with another student's file and results in it, {root} is where the library is.
"""

from dataclasses import dataclass

OWN, FILE, FULL = "its own exercise", "its file", "nothing"  # what is lost

HONEST = "{honest}"  # the library's own lines
WRONG = "return a * b + 1, lambda g: g * b, lambda g: g * a"


@dataclass(frozen=True)
class Attack:
    """body: of every function of 01.1, add(a, b) and its kin; above: what stands before the imports; loses: what it costs."""

    number: int
    name: str
    body: str = WRONG
    above: str = ""
    loses: str = OWN
    said: str = ""  # in the output
    gap: tuple[str, ...] = ()  # levels at which it gets what it wants; its file is flagged there

    def __str__(self) -> str:
        return f"{self.number:02}-{self.name.replace(' ', '-')}"


ATTACKS = [
    Attack(1, "exit on import", above="import sys; sys.exit(0)", loses=FILE, said="sys.exit(0)"),
    Attack(2, "hard exit on import", above="import os; os._exit(0)", loses=FILE, said="ended with status 0"),
    Attack(3, "hard exit in a function", "import os; os._exit(0)", said="ended with status 0"),
    Attack(4, "SystemExit in a function", "raise SystemExit(0)", said="sys.exit(0)"),
    Attack(
        5, "forge the score at exit",
        above="import atexit; atexit.register(lambda: open('{outside}/results.json', 'w').write('forged'))",
    ),
    Attack(6, "endless loop", "while True: pass", said="no answer after 2 seconds of computing"),
    Attack(
        7, "endless loop that ignores signals",
        "import signal\n"
        "    for s in range(1, 32):\n"
        "        try:\n"
        "            signal.signal(s, signal.SIG_IGN)\n"
        "        except (OSError, ValueError):\n"
        "            pass\n"
        "    while True:\n"
        "        try:\n"
        "            pass\n"
        "        except BaseException:\n"
        "            pass",
        said="no answer after 2 seconds of computing",
    ),
    Attack(8, "sleep", "import time; time.sleep(1e6)", said="no answer after 2 seconds of computing"),
    Attack(9, "huge array", "return np.ones(10**11)", said="Unable to allocate"),
    Attack(10, "growing list", "x = [0]\n    while True: x += x", said=""),
    Attack(11, "fork bomb", "import os\n    while True: os.fork()", said="BlockingIOError"),
    Attack(12, "endless printing", "while True: print('A' * 10**6)", said="no answer after 2 seconds of computing"),
    Attack(13, "huge answer", "return np.zeros((1000, 1000)), lambda g: g * b, lambda g: g * a", said="more than"),
    Attack(
        14, "fill the disk",
        "for i in range(40):\n        open(f'{outside}/full-{{i}}', 'wb').write(bytes(64 * 2**20))",
        said="Error",
    ),
    Attack(
        15, "look for hidden tests",
        "import glob\n    seen = glob.glob('{root}/modules/*/checks.py')\n    raise RuntimeError(f'seen {{len(seen)}}')",
        said="seen 0", gap=("limits",),
    ),
    Attack(
        16, "expected values in the frames of callers",
        "import sys\n"
        "    frame = sys._getframe()\n"
        "    while frame:\n"
        "        for name in ('expected', 'want', 'wanted'):\n"
        "            if name in frame.f_locals:\n"
        "                return frame.f_locals[name]\n"
        "        frame = frame.f_back\n"
        "    return None",
    ),
    Attack(
        17, "expected values among all objects",
        "import gc\n"
        "    found = [x for d in gc.get_objects() if type(d) is dict for x in [d.get('expected')] if x is not None]\n"
        "    return found[0] if found else None",
    ),
    Attack(
        18, "an object that equals everything",
        "class E:\n"
        "        __eq__ = __le__ = __lt__ = __ge__ = __bool__ = lambda *a: True\n"
        "        __array__ = lambda *a, **k: np.zeros(a[0].shape)\n"
        "        shape, dtype, ndim = np.shape(a), np.dtype('f8'), np.ndim(a)\n"
        "    return E(), lambda g: E(), lambda g: E()",
    ),
    Attack(19, "patch assert_allclose", above="import numpy.testing as t; t.assert_allclose = lambda *a, **k: None"),
    Attack(20, "patch allclose", above="np.allclose = np.isclose = np.testing.assert_allclose = lambda *a, **k: True"),
    Attack(
        21, "patch the builtins",
        above="import builtins; builtins.AssertionError = Exception; builtins.isinstance = lambda *a: True",
        loses=FILE, said="ended with status 0",
    ),
    Attack(
        22, "patch pytest",
        "import _pytest.python\n    _pytest.python.Function.runtest = lambda self: None\n    return None",
        said="No module named '_pytest'",
    ),
    Attack(
        23, "overwrite results",
        "import glob\n"
        "    for name in glob.glob('{outside}/*.json'):\n"
        "        open(name, 'w').write('forged')\n"
        "    " + WRONG,
    ),
    Attack(
        24, "steal the reference",
        "import importlib.util\n"
        "    spec = importlib.util.spec_from_file_location('good', '{root}/tinytorch/ops.py')\n"
        "    good = importlib.util.module_from_spec(spec)\n"
        "    spec.loader.exec_module(good)\n"
        "    return good.add(a, b)",
        gap=("limits",),
    ),
    Attack(25, "import torch", "import torch\n    return torch.add(a, b)", said="No module named 'torch'"),
    Attack(26, "kill the parent", "import os; os.kill(os.getppid(), 9)\n    " + WRONG),
    Attack(
        27, "memory of the parent",
        "import os\n    open(f'/proc/{{os.getppid()}}/mem', 'rb').read(1)\n    return None",
        said="Error",
    ),
    Attack(
        28, "daemon",
        "import os\n    if os.fork() == 0:\n        os.setsid()\n        os.fork()\n        while True: pass\n    return None",
        said="BlockingIOError",
    ),
    Attack(29, "segmentation fault", "import ctypes; ctypes.string_at(0)", said="SIGSEGV"),
    Attack(30, "recursion without limit", "import sys; sys.setrecursionlimit(10**9); return add(a, b)"),
    Attack(31, "a scalar that broadcasts", "return np.float64(.25), lambda g: np.float64(.25), lambda g: np.float64(.25)"),
    Attack(32, "write into the input", "a *= b; return a, lambda g: g * b, lambda g: g * a", said="changed its input"),
    Attack(33, "array of objects", "return np.array(a * b, object), lambda g: g * b, lambda g: g * a", said="object"),
    Attack(
        34, "forge answers on every file",
        "import os\n"
        "    for fd in range(64):\n"
        "        try:\n"
        "            os.write(fd, b'\\x12' + bytes(7) + b'{{\"answer\": [1, 2]}}' * 9)\n"
        "        except OSError:\n"
        "            pass\n"
        "    " + WRONG,
    ),
    Attack(
        35, "network",
        "import socket\n"
        "    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):\n"
        "        s = socket.socket(socket.AF_INET, kind)\n"
        "        s.settimeout(.1)\n"
        "        try:\n"
        "            s.connect(('127.0.0.1', {port}))\n"
        "            s.send(b'secret')\n"
        "        except OSError:\n"
        "            pass\n"
        "    " + WRONG,
    ),
    Attack(36, "ask for input", "return input()", said="input()"),
    Attack(
        37, "thread that never ends",
        "import threading\n"
        "    def spin():\n"
        "        while True: pass\n"
        "    threading.Thread(target=spin).start()\n"
        "    " + HONEST,
        said="start new thread",
    ),
    Attack(
        38, "source of the callers",
        "import inspect\n    said = [inspect.getsource(f.frame) for f in inspect.stack()[1:]]\n    return None",
    ),
    Attack(
        39, "honest and noisy",
        "import sys, warnings; print('hello'); print('oh', file=sys.stderr); warnings.warn('hm')\n    " + HONEST,
        loses=FULL,
    ),
    Attack(
        40, "honest and careless",
        "import os; os.chdir('/'); np.seterr(all='raise'); os.environ.clear()\n    " + HONEST,
        loses=FULL,
    ),
    Attack(41, "syntax error", above="def f(:", loses=FILE, said="is not Python"),
    Attack(42, "renamed function", said="has no add"),  # made by the test
    Attack(43, "NaN", "return a * np.nan, lambda g: g * np.nan, lambda g: g * np.nan", said="wrong"),
    Attack(44, "kill everybody", "import os; os.kill(-1, 9)\n    " + WRONG),
    Attack(
        46, "look for other students",
        "import glob, os\n    seen = glob.glob('{outside}/*')\n    raise RuntimeError(f'seen {{len(seen)}}')",
        said="seen 0",
    ),
    Attack(47, "random answers", "return np.random.default_rng().normal(size=np.shape(a)), lambda g: g, lambda g: g"),
    Attack(
        48, "array that lies",
        "class Lie(np.ndarray):\n"
        "        __eq__ = lambda *x: True\n"
        "        tobytes = lambda *x: bytes(8)\n"
        "        __array_finalize__ = lambda *x: None\n"
        "    return (a * 0 + 7).view(Lie), lambda g: (g * 0).view(Lie), lambda g: (g * 0).view(Lie)",
    ),
    Attack(
        56, "answers by heart",
        "table = {{(2, 4): 1.5}}\n    return np.full(np.shape(a), table.get(np.shape(a), 0.)), lambda g: g, lambda g: g",
    ),
    Attack(
        57, "hidden words",
        "import base64\n"
        "    exec(base64.b64decode('aW1wb3J0IG9zOyBvcy5fZXhpdCgwKQ=='))\n"
        "    " + HONEST,
        said="ended with status 0",
    ),
    Attack(
        59, "memory that is shared",
        "import mmap\n    kept = [mmap.mmap(-1, 2**26) for i in range(40)]\n    return None",
        said="Cannot allocate memory",
    ),
    Attack(
        60, "memory of no process",
        "import ctypes, os\n"
        "    os.posix_fallocate(os.memfd_create('x'), 0, 2**20)\n    return None",
        said="Operation not permitted",
    ),
    Attack(
        61, "folders without end",
        "import os\n    while True:\n        os.mkdir('a')\n        os.chdir('a')",
        said="More was written into files",
    ),
    Attack(
        62, "files in folders that are shut",
        "import os\n"
        "    os.mkdir('shut', 0o300)\n"
        "    for i in range(10**9):\n"
        "        open(f'shut/{{i}}', 'wb').write(b'some')",
        said="More was written into files",
    ),
    Attack(
        63, "rights and times of files",
        "import os\n"
        "    try:\n"
        "        os.utime('{outside}/results.json', (0, 0))\n"
        "    finally:\n"
        "        os.chmod('{outside}/results.json', 0)",
        said="Error",
    ),
    Attack(
        64, "limits of the server",
        "import os, resource\n"
        "    for which in range(16):\n"
        "        try:\n"
        "            resource.prlimit(os.getppid(), which, (0, 0))\n"
        "        except OSError:\n"
        "            pass\n"
        "    " + WRONG,
    ),
    Attack(
        65, "a shape that is no number",
        "import os, struct\n"
        "    text = b'{{\"array\": \"f8\", \"shape\": [0, 1' + b'0' * 40 + b'], \"order\": \"C\"}}'\n"
        "    os.write(3, struct.pack('<Q', len(text)) + text)\n"
        "    " + WRONG,
        said="garbled",
    ),
    Attack(66, "the same by a faster name", "from tinytorch import kernels\n    return kernels.cross_entropy(a, b)", said="tinytorch has no 'kernels'"),
]  # fmt: skip

SAMPLE = {2, 3, 6, 11, 14, 18, 20, 24, 26, 28, 34, 35, 40, 42, 44, 48}  # what every commit sees, at the strongest level
