# Shapes turned about by permute and transpose, einops by hand, a custom layer with a parameter and a buffer.
import torch
import torch.nn as nn
import torch.nn.functional as F


class LayerScale(nn.Module):
    def __init__(self, dim, init=0.5):
        super().__init__()
        self.gamma = nn.Parameter(init * torch.ones(dim))
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        return x * self.gamma


class MixerBlock(nn.Module):
    def __init__(self, tokens, dim):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.token_mix = nn.Sequential(
            nn.Linear(tokens, 2 * tokens), nn.GELU(approximate="tanh"), nn.Linear(2 * tokens, tokens)
        )
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.channel_mix = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.scale = LayerScale(dim)

    def forward(self, x):  # (B, T, C)
        x = x + self.token_mix(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.scale(self.channel_mix(self.norm2(x)))


class Mixer(nn.Module):
    def __init__(self, patch=4, dim=12, depth=2, classes=5):
        super().__init__()
        self.patch = patch
        self.embed = nn.Linear(patch * patch, dim)
        self.position = nn.Parameter(torch.zeros(1, 4, dim))
        self.blocks = nn.ModuleList(MixerBlock(4, dim) for _ in range(depth))
        self.head = nn.Linear(dim, classes)

    def forward(self, images):
        b, c, h, w = images.shape
        p = self.patch
        x = images.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)
        x = self.embed(x) + self.position.expand(b, -1, -1)
        for i, block in enumerate(self.blocks):
            x = block(x)
        return self.head(x.mean(1))


model = Mixer()
same_weights(model)
images, labels = torch.tensor(data["images"]), torch.tensor(data["labels"])
targets = F.one_hot(labels, num_classes=5).float()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
losses = []
for step in range(50):
    logits = model(images)
    loss = -(targets * F.log_softmax(logits, dim=-1)).sum(dim=-1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(float(loss))
results = {
    "calls": model.blocks[0].scale.calls,
    "state": sorted(model.state_dict().keys()),
    "size": sum(p.numel() for p in model.parameters()),
    "largest": torch.stack([p.abs().max() for p in model.parameters()]),
}
