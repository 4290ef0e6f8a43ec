"""Module 07: data, from single examples to batches, and changes that make few examples go further."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="07.1",
        title="Examples, row by row",
        functions=("TensorDataset.__init__", "TensorDataset.__getitem__", "TensorDataset.__len__"),
        points=5,
        minutes=15,
        prompt="""
            A dataset gives examples by number, dataset[i], and says how many there are, len(dataset). TensorDataset takes
            them from the rows of tensors: with images and labels, example i is the tuple (images[i], labels[i]).

            Keep the tensors as self.tensors. If they differ in length, raise ValueError in `__init__`: then a label is
            missing, or, worse, belongs to another image. (Also ValueError for no tensors, and TypeError for what is no
            Tensor.)
        """,
        hints=(
            "What has to be the same for all of the tensors, and what may differ?",
            "set(len(t) for t in tensors) has one element if all have one length. `*tensors` is a tuple.",
            """
            For __getitem__:

                return tuple(t[index] for t in self.tensors)
            """,
        ),
        note="""
            Two methods are all that a loader needs to know of a dataset. A folder with a million images is a dataset too:
            it opens one when it is asked for.
        """,
    ),
    Exercise(
        id="07.2",
        title="Parts and sums of datasets",
        functions=(
            *("Subset.__getitem__", "Subset.__len__"),
            *("ConcatDataset.__getitem__", "ConcatDataset.__len__"),
        ),
        points=5,
        minutes=25,
        prompt="""
            A Subset shows only some examples of a dataset, those at self.indices, in that order. Nothing is copied.

            A ConcatDataset shows several datasets, self.datasets, as one after the other. self.ends says where each ends:
            lengths 3, 2, 4 give the ends 3, 5, 9. Find out in which dataset example `index` is, and which it is there. An
            index below 0 counts from the end; one that is out of range raises IndexError, which is also how a `for` over a
            dataset knows that it is over.
        """,
        hints=(
            "With ends 3, 5, 9: where is example 3? And example 4?",
            "Take away the lengths of the datasets before, while the index is not below the length of this one. Or let "
            "bisect_right(self.ends, index) count the ends that are not above the index.",
            """
            For ConcatDataset, after the index was made positive and checked:

                for dataset in self.datasets:
                    if index < len(dataset):
                        return dataset[index]
                    index -= len(dataset)
            """,
        ),
        note="""
            Views of views cost next to nothing: a test set is a Subset, five folds of a cross-validation are five, and all
            of them share one copy of the images.
        """,
    ),
    Exercise(
        id="07.3",
        title="Dealing out",
        functions=("random_split",),
        points=5,
        minutes=25,
        prompt="""
            What a network was trained on says nothing about how good it is. So deal the examples out at random, into parts
            that share none: Subset(dataset, indices) is a part.

            lengths are the sizes of the parts, or fractions that add up to 1. A fraction is rounded down to whole examples;
            what is left over goes one by one to the first part, the second, and so on. If the lengths do not add up to
            len(dataset), raise ValueError.

            `_numpy(generator)` is a NumPy random generator, with methods such as permutation(n) and integers(low, high):
            take all randomness from it, so that one seed gives one split.
        """,
        hints=(
            "Shuffle a deck of cards once, then cut it. Why is shuffling for each part not the same?",
            "order = _numpy(generator).permutation(n). The parts are order[0:a], order[a : a + b], ... "
            "math.isclose(sum(lengths), 1) tells fractions from sizes.",
            """
            The end:

                parts, start = [], 0
                for size in sizes:
                    parts.append(Subset(dataset, order[start : start + size]))
                    start += size
                return parts
            """,
        ),
        note="""
            Files often come sorted: first all of class 0, then all of class 1. A split that is not shuffled trains on some
            classes and tests on others. And if the same patient is in both parts, shuffling does not help either.
        """,
    ),
    Exercise(
        id="07.4",
        title="A batch of examples",
        functions=("default_collate",),
        points=10,
        minutes=30,
        prompt="""
            Examples come one by one, and a network wants them side by side. Make one batch of a list of examples:

                Tensors, arrays    stacked into one Tensor, (...) each -> (n, ...)
                numbers            what tensor(list) makes: int64 of ints, float32 of floats
                tuples, lists      a tuple: a batch of first items, one of second items
                dicts              a dict with a batch for each key
                strings            the list as it is

            Raise ValueError for an empty list, for Tensors or arrays whose shapes differ, and for tuples of different
            lengths; TypeError for anything else.

            `stack(list)` joins Tensors along a new first axis.
        """,
        hints=(
            "An item of a tuple may be a tuple. Which function makes a batch of those?",
            "zip(*batch) turns a list of pairs into a pair of lists. The kind of the first example tells that of all. A "
            "string is a Sequence too, so ask for strings first.",
            """
            For tuples and dicts:

                return tuple(default_collate(list(items)) for items in zip(*batch))
                return {key: default_collate([e[key] for e in batch]) for key in first}
            """,
        ),
        note="""
            Sentences differ in length and cannot be stacked. For them one writes a collate_fn of one's own, which fills
            them up to the longest: the loader takes it as an argument.
        """,
    ),
    Exercise(
        id="07.5",
        title="An epoch",
        functions=("DataLoader._order", "DataLoader.__iter__", "DataLoader.__len__"),
        points=10,
        minutes=40,
        prompt="""
            `for x, y in loader` goes once through all examples, in batches. `_order` gives the numbers of the examples for
            one epoch: what self.sampler gives, if it is not None; with self.shuffle a new random order each time, drawn
            from `_numpy(self.generator)`; else 0, 1, 2, ...

            `__iter__` is a generator: it cuts that order into pieces of self.batch_size and yields
            self.collate_fn([...]) of the examples of each. The last piece may be shorter; it is left out only if
            self.drop_last says so. `__len__` is the number of batches.
        """,
        hints=(
            "range(0, n, batch_size) gives where each batch starts. What happens with a slice that goes beyond the end?",
            "With ten examples in batches of four there are three batches, math.ceil(10 / 4), or two with drop_last, 10 // 4. "
            "Indices of NumPy are best made plain ints before a dataset gets them.",
            """
            For __iter__:

                order = list(self._order())
                for start in range(0, len(order), self.batch_size):
                    chosen = order[start : start + self.batch_size]
                    if len(chosen) == self.batch_size or not self.drop_last:
                        yield self.collate_fn([self.dataset[int(i)] for i in chosen])
            """,
        ),
        note="""
            In an order that never changes, the last batch always has the last word. Shuffling anew each epoch makes the
            errors of the batches' gradients cancel over time. Test sets are not shuffled: there is nothing to gain.
        """,
    ),
    Exercise(
        id="07.6",
        title="Zero mean, unit spread",
        functions=("Normalize.__call__",),
        points=5,
        minutes=20,
        prompt="""
            Networks learn best from inputs around 0 and about 1 in size. Normalize takes each number x to (x - mean) / std.

            self.mean and self.std are arrays: of a single number, or with one for each channel (C,). The batch x has its
            channels along the second axis, (N, C, ...). Return a Tensor; float32 stays float32, and whole numbers, grey
            levels say, become float32: `_floats(x)` is the array of x as floating point numbers.

            If the number of channels is another, raise ValueError, even if it would broadcast.
        """,
        hints=(
            "NumPy broadcasts from the last axis. Along which axis would (3,) meet a batch (8, 3, 5, 3)?",
            "mean.reshape(-1, 1, 1) is (C, 1, 1), and meets (N, C, H, W) along the second axis: as many 1s as axes behind "
            "the channels. A float64 mean would widen float32: astype(array.dtype).",
            """
            One value in the right shape:

                if values.ndim:
                    values = values.reshape(-1, *[1] * (array.ndim - 2))
                values = values.astype(array.dtype)
            """,
        ),
        note="""
            The statistics are those of the training set, for the test set too. Taken from the test set, they are something
            that the network could not have known; taken from each batch, they make an answer depend on its neighbours.
        """,
    ),
    Exercise(
        id="07.7",
        title="Small shifts",
        functions=("RandomShift.__call__",),
        points=10,
        minutes=40,
        prompt="""
            A seven that is moved by a pixel is a seven. RandomShift moves each image of a batch by a whole number of cells,
            drawn from -max_shift to max_shift, both included, along each axis on its own. What leaves at one side is gone,
            and what comes in at the other is 0.

            Each image has its own shift, all of its channels the same. A batch is (N, C, H, W) for images, (N, C, L) or (N,
            L) for signals; `_places(x, "RandomShift")` gives the axes to shift along: (2, 3), (2,) or (1,).

            Draw from `_numpy(self.generator)`. `_pad(array, m, axes)` puts m zeros at every edge along these axes.
        """,
        hints=(
            "Pad an image with m zeros on all sides, then cut out a piece of the old size. Where may the piece begin?",
            "The pieces begin at 0 to 2 m, in the padded image: _numpy(self.generator).integers(0, 2 * m + 1). The upper "
            "end is left out, as in range.",
            """
            For images, in a loop:

                for n in range(len(x)):
                    top, left = _numpy(self.generator).integers(0, 2 * m + 1, size=2)
                    out[n] = padded[n, :, top : top + x.shape[2], left : left + x.shape[3]]
            """,
        ),
        note="""
            With ten images per digit of MNIST, shifts by one pixel took a small network from 86.5 % right to 92 %
            (Nielsen, 2017, "Reduced MNIST"): the cheapest data that there is. But ask what a change leaves the same. A six
            that is turned round is no six.
        """,
    ),
]
