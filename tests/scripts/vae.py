import torch
import torch.utils.data
from torch import nn, optim
from torch.nn import functional as F


class VAE(nn.Module):
    def __init__(self):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(64, 20)
        self.fc2 = nn.Linear(20, 2 * 4)
        self.fc3 = nn.Linear(4, 20)
        self.fc4 = nn.Linear(20, 64)

    def encode(self, x):
        return self.fc2(F.relu(self.fc1(x))).chunk(2, dim=-1)

    def reparameterize(self, mu, logvar, eps):
        std = torch.exp(0.5 * logvar)
        return mu + eps * std

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x, eps):
        mu, logvar = self.encode(x.view(-1, 64))
        return self.decode(self.reparameterize(mu, logvar, eps)), mu, logvar


# Reconstruction + KL divergence losses summed over all elements and batch
def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x.view(-1, 64), reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD


model = VAE()
same_weights(model)
optimizer = optim.Adam(model.parameters(), lr=1e-3)
images = torch.sigmoid(torch.from_numpy(data["images"]))

losses, train_loss = [], 0
model.train()
for step in range(60):
    batch = images[(step % 3) * 20 : (step % 3 + 1) * 20]
    optimizer.zero_grad()
    recon_batch, mu, logvar = model(batch, torch.from_numpy(data["noise"][step]))
    loss = loss_function(recon_batch, batch, mu, logvar)
    loss.backward()
    train_loss += loss.item()
    optimizer.step()
    losses.append(loss.item() / len(batch))
results = {"mean": mu, "log variance": logvar}
