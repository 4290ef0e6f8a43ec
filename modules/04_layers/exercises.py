"""Module 04: layers that hold parameters, and networks made of layers."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="04.1",
        title="A linear layer",
        functions=("Linear.__init__", "Linear.forward"),
        points=5,
        minutes=20,
        prompt="""
            A layer is an object that holds the numbers it learns. Linear holds a weight of shape (out_features,
            in_features) and a bias of shape (out_features,), and makes x W^T + b of its input x (..., in_features).

            `__init__` keeps in_features and out_features, makes self.weight and self.bias Parameters of the given dtype,
            and draws first numbers for them with self.reset_parameters(). With bias=False, self.bias is None. The device
            changes nothing here.
        """,
        hints=(
            "What tells the optimizer that a Tensor is to be learnt? And which way round does the weight stand?",
            "Parameter(empty(out, in, dtype=dtype)) is a Parameter that nobody has filled yet. The last axis of x, of "
            "length in, meets the columns of the weight: x @ W^T is (..., out).",
            """
            For forward:

                y = input @ self.weight.T
                return y if self.bias is None else y + self.bias
            """,
        ),
        note="""
            One row of the weight belongs to one output: it is the pattern that this output looks for. PyTorch stores its
            weights the same way round, so that trained weights can be carried over as they are.
        """,
    ),
    Exercise(
        id="04.2",
        title="First weights",
        functions=("reset_weights",),
        points=5,
        minutes=20,
        prompt="""
            Before training, weights are drawn at random: not all equal, or all units would learn the same, and neither
            large nor small, or signals would explode or die out from layer to layer.

            Fill the weight (out, in, ...) and the bias (out,), or None, in place with numbers uniform between -bound and
            bound, where bound = 1 / sqrt(fan_in). The fan-in is how many inputs each output sums up: the product of all
            sizes of the weight but the first. (A convolution's weight has more than two.)

            `init.uniform_(tensor, low, high)` fills a Tensor.
        """,
        hints=(
            "For a weight of shape (8, 3, 5): how many numbers go into one output?",
            "fan_in = math.prod(weight.shape[1:]), and the bias has the same bound as the weight.",
            """
            The whole, but for the bias:

                bound = 1 / math.sqrt(math.prod(weight.shape[1:]))
                init.uniform_(weight, -bound, bound)
            """,
        ),
        note="""
            A sum of n numbers of size 1 is about sqrt(n) in size. Weights of about 1 / sqrt(n) undo that, so each layer's
            output has about the size of its input. It is the idea of He et al. (2015), with PyTorch's constant, which is
            somewhat smaller than theirs.
        """,
    ),
    Exercise(
        id="04.3",
        title="Activations",
        functions=("LeakyReLU.forward", "ELU.forward", "Softplus.forward", "SiLU.forward"),
        points=5,
        minutes=25,
        prompt="""
            Without something that bends between them, two linear layers are one linear layer. Four bends, each of every
            element:

                LeakyReLU   x where it is positive, else negative_slope x
                ELU         x where it is positive, else alpha (exp(x) - 1)
                Softplus    log(1 + exp(beta x)) / beta
                SiLU        x sigmoid(x)

            Compose them of what Tensors can do (exp, log, clamp, sigmoid, ...) and of `F.where(condition, a, b)`; autograd
            then knows the way back. Mind large inputs: exp(1000) is inf, and inf times 0 is nan.
        """,
        hints=(
            "F.where computes both of its sides for every element, and both send a gradient back. What is exp(x) where x "
            "was not chosen?",
            "clamp first: exp(min(x, 0)) never overflows. And log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)).",
            """
            For ELU:

                below = self.alpha * (input.clamp(max=0).exp() - 1)
                return F.where(input > 0, input, below)
            """,
        ),
        note="""
            A value can be right and its gradient nan: 0 times inf, on the way back of the branch that was not taken. When
            a training run turns to nan, a `where` with an exp, a log or a sqrt in it is the first place to look.
        """,
    ),
    Exercise(
        id="04.4",
        title="One layer after the other",
        functions=("Sequential.__init__", "Sequential.forward"),
        points=5,
        minutes=15,
        prompt="""
            Sequential is given Modules and calls them in turn, each with what the one before returned.

            `__init__` adds each under its number, with self.add_module("0", first) and so on: these are their names in
            saved files. If it is given a single dict instead, the names are its keys. `forward` calls the Modules;
            self.children() gives them in order.
        """,
        hints=(
            "A Module is called as model(x), not as model.forward(x). What else happens in Module.__call__?",
            "str(i) is the name of number i. isinstance(modules[0], dict) tells whether names were given, but Sequential() "
            "without anything is one as well.",
            """
            For forward:

                for module in self.children():
                    x = module(x)
                return x
            """,
        ),
        note="""
            Most networks are a Sequential of Sequentials. Because Module.__call__ does what is done around every forward,
            hooks can look into any layer without a change to it.
        """,
    ),
    Exercise(
        id="04.5",
        title="Looking into an attribute",
        functions=("_found_in",),
        points=5,
        minutes=20,
        prompt="""
            A Module looks for Parameters and other Modules in its own attributes. `_found_in(value, name, kind)` looks
            into one: it yields (name, value) if the value is of that kind, and otherwise looks for more in lists, tuples
            and dicts, however deep they lie in one another.

            What lies at place 2 of a list called layers is called layers.2, what a dict has under "out" is layers.out;
            `_join(path, name)` makes such names. Anything else is passed over.
        """,
        hints=(
            "What is in a list may be a list. Which function looks into it?",
            "`yield from _found_in(...)` yields all that another call yields; enumerate gives places, .items() keys.",
            """
            For lists and tuples:

                for i, item in enumerate(value):
                    yield from _found_in(item, _join(name, str(i)), kind)
            """,
        ),
        note="""
            In PyTorch, layers in a plain list are not found: they are never trained, and nothing says so. It has
            ModuleList for that reason. Here, a list will do.
        """,
    ),
    Exercise(
        id="04.6",
        title="All parameters of a network",
        functions=("Module.named_modules", "Module.named_parameters"),
        points=10,
        minutes=35,
        prompt="""
            A network is a tree: Modules hold Modules. `named_modules` yields (path, module) for this Module, whose path is
            the prefix, then for each child and all inside it, before the next child. The path of a child is that of its
            Module and its own name, `_join(path, name)`. A Module that stands in two places is given once, or, with
            remove_duplicate=False, in each place.

            `named_parameters` yields (path, parameter) for the Parameters of each Module in that order, which
            module._own(Parameter) gives by name; each Parameter once, even if two Modules share it. With recurse=False,
            only this Module's own.
        """,
        hints=(
            "An inner function that calls itself for each child, and a set of what was seen. What can tell two Parameters "
            "apart, whatever numbers they hold?",
            "id(parameter) tells who it is. self.named_children() gives (name, child).",
            """
            For named_modules:

                seen = set()

                def walk(path, module):
                    if not remove_duplicate or id(module) not in seen:
                        seen.add(id(module))
                        yield path, module
                        for name, child in module.named_children():
                            yield from walk(_join(path, name), child)

                yield from walk(prefix, self)
            """,
        ),
        note="""
            Language models often use one table of words both to read and to write. Were it given twice, an optimizer would
            take its step twice.
        """,
    ),
    Exercise(
        id="04.7",
        title="Saving and loading",
        functions=("Module.state_dict", "Module.load_state_dict"),
        points=10,
        minutes=45,
        prompt="""
            `state_dict` maps the path of every Parameter and every buffer (a Tensor that belongs to the state but is not
            learnt; the names of a Module's own are in module._buffer_names) to the Tensor, detached: on the same memory,
            without a graph. Modules that stand in two places are saved in both. Buffers that are None, and those in
            module._unsaved_buffers, are left out.

            `load_state_dict` copies the numbers back into this Module's own Tensors. It raises one RuntimeError that names
            every entry that is missing, unexpected or of another shape, and then changes nothing at all. With
            strict=False only shapes matter. It returns IncompatibleKeys(missing, unexpected), two lists of names.
        """,
        hints=(
            "Look at everything first, then complain about everything, and only then copy anything.",
            "own = self.state_dict() has what is expected, by path. own[name].copy_(given) copies into the memory of the "
            "Parameter; it needs no_grad. An entry may be a Tensor or an array: np.asarray takes both.",
            """
            The middle of load_state_dict:

                missing = [name for name in own if name not in state_dict]
                unexpected = [name for name in state_dict if name not in own]
                faults = missing + unexpected if strict else []
                for name in own:
                    if name in state_dict and np.shape(state_dict[name]) != own[name].shape:
                        faults.append(name)
            """,
        ),
        note="""
            Half a model loaded is worse than none: it runs, and is wrong. And an error that names one missing entry at a
            time is an error that you will meet a hundred times.
        """,
    ),
]
