# Frozen layers, options for groups of parameters, warm-up, accumulated gradients.
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

backbone = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 16), nn.Softplus())
head = nn.Linear(16, 5)
model = nn.ModuleDict({"backbone": backbone, "head": head})
same_weights(model)

for param in model["backbone"][0].parameters():
    param.requires_grad = False

no_decay = ["bias"]
grouped = [
    {
        "params": [p for n, p in model.named_parameters() if p.requires_grad and not any(d in n for d in no_decay)],
        "weight_decay": 0.1,
    },
    {
        "params": [p for n, p in model.named_parameters() if p.requires_grad and any(d in n for d in no_decay)],
        "weight_decay": 0.0,
        "lr": 5e-3,
    },
]
optimizer = torch.optim.AdamW(grouped, lr=2e-3)


def lr_lambda(current_step: int):
    if current_step < 10:
        return float(current_step) / 10
    return max(0.0, float(70 - current_step) / float(60))


scheduler = LambdaLR(optimizer, lr_lambda)
x, y = torch.from_numpy(data["features"]), torch.from_numpy(data["labels"]).long()
loss_fct = nn.CrossEntropyLoss(ignore_index=3)
accumulation_steps = 2

losses = []
model.train()
for step in range(120):
    i = (step * 10) % 60
    inputs, labels = x[i : i + 10], y[i : i + 10]
    logits = model["head"](model["backbone"](inputs))
    loss = loss_fct(logits.view(-1, 5), labels.view(-1))
    (loss / accumulation_steps).backward()
    if (step + 1) % accumulation_steps == 0:
        nn.utils.clip_grad_value_(model.parameters(), clip_value=0.1)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
    losses.append(loss.item())

trainable = list(filter(lambda p: p.requires_grad, model.parameters()))
results = {
    "trainable": len(trainable),
    "frozen": model["backbone"][0].weight,
    "rates": [group["lr"] for group in optimizer.param_groups],
    "no gradient": model["backbone"][0].weight.grad is None,
}
