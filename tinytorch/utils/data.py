"""Datasets and loaders where PyTorch's users look for them, `torch.utils.data`; they are made in `tinytorch.data`."""

from tinytorch._lazy import face

__getattr__, __dir__, __all__ = face(
    __name__,
    {"tinytorch.data": "ConcatDataset DataLoader Dataset Subset TensorDataset default_collate random_split"},
)
