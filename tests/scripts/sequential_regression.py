import torch
from collections import OrderedDict
from torch import nn, optim

torch.manual_seed(42)

X = torch.tensor(data["features"], dtype=torch.float32)
Y = torch.tensor(data["targets"], dtype=torch.float32).unsqueeze(1)

model = nn.Sequential(
    OrderedDict(
        [
            ("hidden", nn.Linear(20, 24)),
            ("tanh", nn.Tanh()),
            ("norm", nn.LayerNorm(24)),
            ("out", nn.Linear(24, 1)),
        ]
    )
)
same_weights(model)
criterion = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3)
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=20, gamma=0.5)

losses, rates = [], []
for t in range(60):
    y_pred = model(X)
    loss = criterion(y_pred, Y)
    losses.append(loss.item())

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    rates.append(optimizer.param_groups[0]["lr"])

results = {
    "rates": rates,
    "weight": model.hidden.weight,
    "first": model[0].bias,
    "predicted": y_pred.detach().squeeze(),
}
