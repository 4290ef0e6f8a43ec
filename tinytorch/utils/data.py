"""Datasets and loaders where PyTorch's users look for them, `torch.utils.data`; they are made in `tinytorch.data`."""

from tinytorch._lazy import face

__path__: list[str] = []  # as of a package, so that `from ... import name` asks here for a name that there is not
__getattr__, __dir__, __all__ = face(
    __name__,
    {"tinytorch.data": "ConcatDataset DataLoader Dataset Subset TensorDataset default_collate random_split"},
)
