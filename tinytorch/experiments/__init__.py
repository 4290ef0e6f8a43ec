"""The studies: published experiments made again with this library, one file each, all with the same face.

`tinytorch reproduce` lists them. A file `my_study.py` here defines STUDY, of the class Study in face.py, whose parts are

    name        as on the command line; it is entered in STUDIES below, with the file and what the study is about
    question    a sentence that the runs answer; source: who asked first, and where
    run         run(config, seed) -> values: one training or so. It is given settings from the plan and finds all else
                itself, the data too. It is a function of the file's top level, since it runs in another process. The
                library's generator was seeded with `seed` just before; whatever else is random takes its own from it.
                values: numbers, strings, arrays, and lists of these, by name.
    quick, full two Plans: the configs of the runs for one seed, and the number of seeds. Best made by one function,
                `def configs(steps=6000): return [dict(model=model, steps=steps) for model in MODELS]`, which tests call with less.
                quick shows the same picture in a minute on two cores; full is what is held against the published figures.
    table       table(results) -> Rows: ours (a number for each seed), published, what must hold in full. It is called
                for unfinished studies too: `results.values("accuracy", model="mlp")` is then shorter, or empty.
    picture     picture(results) -> panels of viz, drawn beside each other; called once all runs are finished
    needs       the data sets (as in `tinytorch data`) that must be there before any run begins

A run that is finished is stored, and not run again unless its config, its seed, or the text of the study changes that
`run` leads to: the function itself, what it uses of its own file, and of the other files here. So there is no need to guess what
may be changed: a table or a picture may, for free.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

from tinytorch.experiments.face import Study

STUDIES = {  # the file, and what the study is about
    "mnist1d": ("mnist1d", "four networks on MNIST-1D, plain and with its points in another order"),
    "double-descent": ("double_descent", "networks err most where they are just large enough"),
    "lottery": ("lottery", "lottery tickets: small networks within a large one that learn better"),
    "metalearn-activation": ("metalearn_activation", "an activation function learned in the same way"),
    "metalearn-lr": ("metalearn_lr", "a learning rate learned by gradient descent through a whole training"),
    "pooling": ("pooling", "what pooling is worth, by the number of examples"),
    "tinydigits": ("tinydigits", "what small networks reach on TinyDigits, and why some report 80 %"),
    "rmnist-baselines": (
        "rmnist_baselines",
        "digits from 10, 50 or 100 images, by methods that know nothing of images",
    ),
    "rmnist-conv": ("rmnist_conv", "digits from 10, 50 or 100 images, by convolutional networks and distortions"),
    "tsne": ("tsne", "maps of MNIST and MNIST-1D: where the classes lie apart, and where they do not"),
    "super-trainers": ("super_trainers", "the ten images that teach most, chosen, or drawn by gradient"),
    "rmnist-transfer": ("rmnist_transfer", "digits from 10, 50 or 100 images, with features learned elsewhere"),
    "mnist": ("mnist", "four kinds of network on all of MNIST"),
    "fashion-mnist": ("fashion_mnist", "small networks on clothes"),
    "cifar10": ("cifar10", "small networks on photographs"),
}


def load(name: str) -> Study:
    """The study of a name. Raises ValueError, with the nearest names, where there is none."""
    if name not in STUDIES:
        near = get_close_matches(name, STUDIES, 1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(STUDIES)}"
        raise ValueError(f"there is no study {name!r}: {hint}")
    study: Study = import_module(f"tinytorch.experiments.{STUDIES[name][0]}").STUDY
    return study
