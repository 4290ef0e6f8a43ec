import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Sequences(Dataset):
    def __init__(self, tokens, labels):
        self.tokens = tokens
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, idx):
        return torch.tensor(self.tokens[idx]), torch.tensor(self.labels[idx])


class GRUClassifier(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_classes, num_layers=2, bidirectional=True):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=0)
        self.gru = nn.GRU(embed_dim, hidden_dim, num_layers, batch_first=True, bidirectional=bidirectional)
        self.fc = nn.Linear(hidden_dim * (2 if bidirectional else 1), num_classes)

    def forward(self, x):
        embedded = self.embedding(x)
        _, hidden = self.gru(embedded)
        hidden = torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1)
        return self.fc(hidden)


def collate_fn(batch):
    tokens, labels = zip(*batch)
    return torch.stack(tokens), torch.stack(labels)


dataset = Sequences(data["tokens"], data["labels"])
loader = DataLoader(dataset, batch_size=15, shuffle=False, collate_fn=collate_fn)
model = GRUClassifier(vocab_size=12, embed_dim=6, hidden_dim=8, num_classes=5)
same_weights(model)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01)
loss_fn = nn.CrossEntropyLoss()

losses, norms = [], []
for epoch in range(13):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        logits = model(x)
        loss = loss_fn(logits, y)
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
        optimizer.step()
        losses.append(loss.item())

model.eval()
with torch.no_grad():
    probabilities = torch.softmax(model(torch.tensor(data["tokens"])), dim=-1)
results = {"norms": norms, "probabilities": probabilities, "padding": model.embedding.weight[0]}
