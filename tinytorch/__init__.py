"""tinytorch: a small deep learning framework on NumPy, from which one learns how they work by building it.

Names are PyTorch's: `import tinytorch as torch` runs an ordinary script for an MLP, a CNN or a GRU.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if sys.version_info < (3, 11):  # noqa: UP036  (who starts a checkout has passed no installer that would say it)
    raise ImportError("tinytorch needs Python 3.11 or newer, and this is " + sys.version.split()[0])

from tinytorch._lazy import face
from tinytorch._threads import use_one_thread

if TYPE_CHECKING:
    from tinytorch.creation import tensor as tensor

__version__ = "0.1.0"

use_one_thread()

__getattr__, __dir__, _names = face(
    __name__,
    {
        "tinytorch.autograd": "enable_grad inference_mode=no_grad is_grad_enabled no_grad set_grad_enabled",
        "tinytorch.creation": """
            arange as_tensor empty empty_like eye from_numpy full full_like get_rng_state
            initial_seed linspace manual_seed ones ones_like rand rand_like randint randn randn_like randperm
            set_rng_state tensor zeros zeros_like""",
        "tinytorch.dtypes": """
            float16 float32 float64 int8 int16 int32 int64 uint8 bool=bool_ device=Device
            half=float16 float=float32 double=float64 short=int16 int=int32 long=int64""",
        "tinytorch.functional": """
            abs add all allclose amax amin any argmax argmin broadcast_to cat chunk clamp clone cos div dot eq equal erf
            exp flatten flip gather ge gt isfinite isnan le log log_softmax logaddexp logsumexp lt masked_fill matmul max
            maximum mean min minimum mul ne neg norm permute pow relu reshape roll sigmoid sign sin softmax split sqrt
            square squeeze stack std sub sum tanh transpose unbind unsqueeze var where""",
        "tinytorch.generator": "Generator default_generator",
        "tinytorch.serialization": "load save",
        "tinytorch.tensor": "Tensor apply is_tensor",
        "tinytorch.training": "evaluate fit",
        "math": "inf nan pi",
    },
    "accelerator autograd backends cuda datasets functional nn ops optim testing training utils viz",
)
__all__ = ["__version__", *_names]


class _Package(ModuleType):
    """This package, in which `tensor` is the function, whatever imports the submodule of the same name, and when."""

    @property
    def tensor(self) -> Any:
        return __getattr__("tensor")

    @tensor.setter
    def tensor(self, submodule: ModuleType) -> None:
        """What the import system does with every submodule; this one stays in sys.modules alone."""


sys.modules[__name__].__class__ = _Package
