# The best weights by validation, a moving average of them, and a rate that falls when nothing improves.
import copy

import torch
import torch.nn as nn


class EMA:
    def __init__(self, model, decay=0.9):
        self.decay = decay
        self.shadow = copy.deepcopy(model)
        for p in self.shadow.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for ema_p, p in zip(self.shadow.parameters(), model.parameters()):
            ema_p.mul_(self.decay).add_(p, alpha=1 - self.decay)


x, y = torch.tensor(data["features"]), torch.tensor(data["labels"])
x_train, y_train, x_val, y_val = x[:40], y[:40], x[40:], y[40:]
model = nn.Sequential(nn.Linear(20, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 5))
same_weights(model)
ema = EMA(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5, dampening=0.1)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=3)
criterion = nn.CrossEntropyLoss()

losses, val_losses = [], []
best_val, best_state, bad_epochs = float("inf"), None, 0
for epoch in range(60):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(x_train), y_train)
    loss.backward()
    optimizer.step()
    ema.update(model)
    losses.append(loss.item())

    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(x_val), y_val).item()
    scheduler.step(val_loss)
    val_losses.append(val_loss)
    if val_loss < best_val:
        best_val, bad_epochs = val_loss, 0
        best_state = {k: v.clone() for k, v in model.state_dict().items()}
    else:
        bad_epochs += 1

model.load_state_dict(best_state)
model.eval()
with torch.no_grad():
    results = {
        "validation": val_losses,
        "best": criterion(model(x_val), y_val),
        "average": [p.norm() for p in ema.shadow.parameters()],
        "rate": optimizer.param_groups[0]["lr"],
        "bad": bad_epochs,
    }
