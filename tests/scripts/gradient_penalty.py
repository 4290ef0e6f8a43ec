# A critic whose gradient is kept near 1: second derivatives in an ordinary training loop.
import torch
from torch import autograd, nn


def gradient_penalty(critic, real, fake, epsilon):
    interpolated = (epsilon * real + (1 - epsilon) * fake).requires_grad_(True)
    scores = critic(interpolated)
    gradients = autograd.grad(
        outputs=scores,
        inputs=interpolated,
        grad_outputs=torch.ones_like(scores),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gradients = gradients.view(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


critic = nn.Sequential(nn.Linear(20, 24), nn.Tanh(), nn.Linear(24, 24), nn.LeakyReLU(0.2), nn.Linear(24, 1))
same_weights(critic)
optimizer = torch.optim.RMSprop(critic.parameters(), lr=1e-3, alpha=0.9)
real = torch.from_numpy(data["features"][:30])
fake = torch.from_numpy(data["features"][30:]) * 0.5 + 1

losses, penalties = [], []
for step in range(55):
    epsilon = torch.from_numpy(data["uniform"][step]).reshape(30, 1)
    penalty = gradient_penalty(critic, real, fake, epsilon)
    loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    penalties.append(penalty.item())
results = {"penalties": penalties}
