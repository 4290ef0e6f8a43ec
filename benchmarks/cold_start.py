"""From nothing to a trained MLP on TinyDigits, as a whole process: the same script on tinytorch and on PyTorch.

python benchmarks/cold_start.py tinytorch
"""

import pickle
import sys
from importlib import import_module
from pathlib import Path

torch = import_module(sys.argv[1])
if sys.argv[1] == "torch":
    torch.set_num_threads(1)
nn, optim, F = (import_module(f"{sys.argv[1]}.{name}") for name in ("nn", "optim", "nn.functional"))


def load(name):
    """Images (N, 64) and labels (N,)."""
    with open(Path(__file__).parents[1] / "datasets" / "tinydigits" / f"{name}.pkl", "rb") as file:
        data = pickle.load(file)
    return torch.tensor(data["images"].reshape(-1, 64)), torch.tensor(data["labels"])


torch.manual_seed(0)
(x, y), (x_test, y_test) = load("train"), load("test")
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = optim.Adam(model.parameters(), lr=0.01)
for _ in range(15):
    order = torch.randperm(1000)
    for start in range(0, 1000, 32):
        rows = order[start : start + 32]
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
print((model(x_test).argmax(1) == y_test).float().mean().item())
