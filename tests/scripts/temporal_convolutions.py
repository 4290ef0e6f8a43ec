import torch
from torch import nn, Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset, TensorDataset


class Chomp1d(nn.Module):
    def __init__(self, chomp_size: int) -> None:
        super().__init__()
        self.chomp_size = chomp_size

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, : -self.chomp_size].contiguous()


class TemporalBlock(nn.Module):
    def __init__(self, n_inputs: int, n_outputs: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        padding = (kernel_size - 1) * dilation
        self.net = nn.Sequential(
            nn.Conv1d(n_inputs, n_outputs, kernel_size, padding=padding, dilation=dilation),
            Chomp1d(padding),
            nn.GELU(),
            nn.Conv1d(n_outputs, n_outputs, kernel_size, padding="same", groups=2),
            nn.BatchNorm1d(n_outputs),
            nn.ReLU(),
        )
        self.downsample = nn.Conv1d(n_inputs, n_outputs, 1) if n_inputs != n_outputs else None

    def forward(self, x: Tensor) -> Tensor:
        out = self.net(x)
        res = x if self.downsample is None else self.downsample(x)
        return F.relu(out + res)


class TCN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([TemporalBlock(1 if i == 0 else 6, 6, 3, 2**i) for i in range(2)])
        self.pool = nn.AvgPool1d(2)
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.head(self.pool(x).mean(dim=-1))


signals = torch.from_numpy(data["signals"])
dataset = TensorDataset(signals, torch.from_numpy(data["labels"]))
train_set, val_set = Subset(dataset, range(45)), Subset(dataset, range(45, 60))
loader = DataLoader(train_set, batch_size=15)

model = TCN()
same_weights(model)
epochs = 18
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, epochs=epochs, steps_per_epoch=len(loader))
criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5, 1.0, 1.5]), reduction="mean")

losses, rates = [], []
for _ in range(epochs):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.detach().cpu().numpy().item())
        rates.append(scheduler.get_last_lr()[0])

model.eval()
with torch.no_grad():
    predicted = torch.cat([model(x).argmax(-1) for x, _ in DataLoader(val_set, batch_size=4)])
results = {"rates": rates, "predicted": predicted, "lengths": [len(train_set), len(val_set)]}
