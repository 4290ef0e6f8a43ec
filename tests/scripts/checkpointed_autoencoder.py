# Stops half-way, saves, and goes on from the file in new objects.
import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F


class Autoencoder(nn.Module):
    def __init__(self, size=64, code=6):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(size, 24), nn.ELU(), nn.Linear(24, code))
        self.decoder = nn.Sequential(nn.Linear(code, 24), nn.SiLU(), nn.Linear(24, size), nn.Sigmoid())

    def encode(self, x):
        return self.encoder(x)

    def forward(self, x):
        z = self.encode(x)
        return self.decoder(z), z


def run(model, optimizer, start_epoch, stop_epoch):
    for epoch in range(start_epoch, stop_epoch):
        for batch in torch.split(images, 20):
            recon, code = model(batch)
            loss = F.binary_cross_entropy(recon, batch.flatten(1)) + 1e-3 * code.abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return epoch


losses = []
images = torch.sigmoid(torch.from_numpy(data["images"]))
model = Autoencoder()
same_weights(model)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, betas=(0.8, 0.99), eps=1e-7, amsgrad=False)
epoch = run(model, optimizer, 0, 9)

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pth.tar")
    torch.save(
        {
            "epoch": epoch + 1,
            "model_state_dict": model.state_dict(),
            "optimizer_state_dict": optimizer.state_dict(),
            "loss": losses[-1],
        },
        path,
    )
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)

model = Autoencoder()
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
model.load_state_dict(checkpoint["model_state_dict"])
optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
run(model, optimizer, checkpoint["epoch"], 17)
results = {"loss": checkpoint["loss"], "rate": optimizer.param_groups[0]["lr"], "keys": sorted(model.state_dict())}
