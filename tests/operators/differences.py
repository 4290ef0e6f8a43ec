"""Where the two libraries differ on purpose, with the reason. Whatever is not in this list is a fault.

An entry names operators (all variants of them), what differs as `compare` calls it, and how its message begins or which data
types it is of. `tests.operators` shows which entries are used, and a test that each of them still is.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Accepted(NamedTuple):
    """A difference that is meant: of these operators ("" for any), of this kind, where the message matches."""

    operators: str
    what: str
    message: str
    reason: str
    dtypes: str = ""

    def covers(self, operator: str, what: str, how: str, dtype: str) -> bool:
        """Whether a difference is this one."""
        named = not self.operators or operator.split("/")[0].split(".")[-1] in self.operators.split()
        of_type = not self.dtypes or dtype in self.dtypes.split()
        return named and of_type and what == self.what and re.search(self.message, how) is not None


ACCEPTED = [
    # What we do not have, and say so
    Accepted("", "argument", "memory formats|complex|bfloat16|more dimensions", "there is one memory format, no complex number, and NumPy's limit to the dimensions"),
    Accepted("avg_pool2d", "refused", "divisor_override|positional arguments", "divisor_override is a product, which a script can write"),
    Accepted("embedding", "refused", "max_norm|scale_grad_by_freq|sparse", "options of large vocabularies, which no network here has"),
    Accepted("norm", "refused", "'nuc'", "the nuclear norm needs singular values"),
    Accepted("randn randn_like rand_like", "refused", "drawn as float32 or float64", "NumPy draws no float16, and one line converts"),
    Accepted("max_pool1d max_pool2d adaptive_max_pool1d adaptive_max_pool2d layer_norm batch_norm", "second gradient", "differentiated only once", "promised once, and the error says so"),
    # What NumPy has no number for
    Accepted("add sub", "refused", "out of bounds for uint8", "a number that a type cannot hold is refused, and does not wrap around", "uint8"),
    Accepted("pow __rpow__", "refused", "negative integer powers", "1 / 2 is no whole number, and 0 is no answer", "int64 int32 int16 int8"),
    Accepted("arange linspace", "value", "", "from floats to whole numbers below int64 every length is rounded as for int64, and nothing wraps around", "uint8 int8 int16 int32"),
    # Where we keep to one rule
    Accepted("sign div norm", "gradient", "outputs .* require grad, of ours", "no gradient passes what is flat everywhere, where PyTorch sends zeros"),
    Accepted("avg_pool1d avg_pool2d", "value", "float32 .*PyTorch's int64", "a mean is no whole number", "int64"),
    Accepted("all any", "value", "bool .*PyTorch's uint8", "what is true or false is a bool, for bytes too", "uint8"),
    Accepted("batch_norm", "refused", r"got shape \(0,\)|more than one value", "a batch of nothing has no variance"),
    Accepted("layer_norm", "gradient", "Mismatched elements: 1 / 1", "the gradient of a constant, which is 0, and in PyTorch what rounding leaves", "float32"),
    Accepted("maximum minimum logaddexp", "refusal", "", "numbers are taken beside Tensors, as by every operator"),
    Accepted("max_pool1d", "refusal", "Expected 2D or 3D", "no channels give no windows, which is what comes out"),
]  # fmt: skip


def accepted(operator: str, what: str, how: str, dtype: str) -> Accepted | None:
    """The entry that covers a difference, or None for a fault."""
    return next((a for a in ACCEPTED if a.covers(operator, what, how, dtype)), None)
