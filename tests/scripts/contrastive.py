# One network for two inputs, a loss of one's own with masks, and a closure for the step.
import torch
import torch.nn as nn
import torch.nn.functional as F


class ContrastiveLoss(nn.Module):
    def __init__(self, margin: float = 1.0):
        super().__init__()
        self.margin = margin

    def forward(self, a, b, same):
        distance = torch.sqrt(torch.sum((a - b) ** 2, dim=1) + 1e-8)
        positive = same * distance.pow(2)
        negative = (1 - same) * torch.clamp(self.margin - distance, min=0.0).pow(2)
        return torch.mean(positive + negative)


def nt_xent(a, b, temperature=0.5):
    z = F.normalize(torch.cat([a, b], dim=0), dim=1)
    n = z.shape[0]
    similarity = torch.matmul(z, z.T) / temperature
    similarity = similarity.masked_fill(torch.eye(n, dtype=torch.bool), float("-inf"))
    partner = torch.arange(n).roll(n // 2)
    return F.cross_entropy(similarity, partner)


net = nn.Sequential(nn.Linear(20, 16), nn.Sigmoid(), nn.Linear(16, 6))
same_weights(net)
left, right = torch.from_numpy(data["features"][:30]), torch.from_numpy(data["features"][30:])
labels = torch.from_numpy(data["labels"])
same = (labels[:30] == labels[30:]).float()
criterion = ContrastiveLoss(margin=1.5)
optimizer = torch.optim.RMSprop(net.parameters(), lr=2e-3, momentum=0.5, centered=True)

losses = []
for step in range(55):

    def closure():
        optimizer.zero_grad()
        za, zb = net(left), net(right)
        loss = criterion(za, zb, same) + 0.1 * nt_xent(za, zb)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    losses.append(loss.item())

with torch.no_grad():
    distances = torch.where(same > 0, (net(left) - net(right)).norm(dim=1), torch.tensor(0.0))
    values, indices = distances.max(dim=0)
results = {"distances": distances, "furthest": values, "where": indices}
