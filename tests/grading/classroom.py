"""Synthetic students of the first module: honest ones with the course's own mistakes, and hostile ones with the attacks."""

import ast
import zipfile

import numpy as np

from tests.grading.attacks import ATTACKS
from tinytorch.course.exercises import modules
from tinytorch.course.source import Source, put, unwritten
from tinytorch.course.workspace import substituted

FIRST = modules()[0]
SMALL, FEW = (  # files in which one exercise is written, and two: 5 and 10 points
    put(FIRST.stub(), FIRST.library, [name for e in FIRST.exercises[:count] for name in e.functions]).text
    for count in (1, 2)
)
HARMFUL = [attack for attack in ATTACKS if attack.number not in (10, 42, 47)]  # that take no minute, and end alike


def honest(seed):
    """A file in which some exercises are right, some are wrong in a known way, some are not written."""
    rng = np.random.default_rng(seed)
    own = FIRST.stub()
    for exercise in FIRST.exercises:
        kind = rng.integers(0, 4)
        if kind == 0:
            continue
        mistakes = FIRST.mistakes[exercise.id]
        donor = FIRST.library
        if kind == 1:
            mistake = mistakes[rng.integers(0, len(mistakes))]
            names = [name for name in exercise.functions if name in mistake.source.functions]
            donor = substituted(FIRST, names, mistake.source)
        own = put(own, donor, exercise.functions)
    missing = [name for name in FIRST.library.functions if name not in own.functions]
    assert set(unwritten(own)) <= set(FIRST.messages)
    return put(own, FIRST.library, missing).text


def attacked(body, text=FIRST.library.text, **facts):
    """A file in which every function of the first exercise has this body."""
    functions = []
    for name in FIRST.exercises[0].functions:
        (node,) = FIRST.library.functions[name]
        honest = "\n    ".join(ast.unparse(statement) for statement in node.body[1:])
        both = "a = b = x\n    " if name == "neg" else ""
        functions.append(f"def {name}({ast.unparse(node.args)}):\n    {both}{body.format(honest=honest, **facts)}\n")
    return put(Source.of(text), Source.of("\n\n".join(functions)), FIRST.exercises[0].functions).text


def hostile(seed, outside):
    """A file with an attack."""
    attack = HARMFUL[seed % len(HARMFUL)]
    facts = {"outside": outside, "root": "/", "port": 9}
    text = attacked(attack.body, **facts)
    return text.replace("import numpy as np\n", f"import numpy as np\n{attack.above.format(**facts)}\n")


def hand_in(folder, student, text, packed=False):
    """A student's folder, or zip, with one file in it."""
    if packed:
        with zipfile.ZipFile(folder / f"{student}.zip", "w") as archive:
            archive.writestr("work/ops.py", text)
    else:
        (folder / student).mkdir(parents=True)
        (folder / student / "ops.py").write_text(text, encoding="utf-8")
