# Layers made from a list of numbers, batch norm, and weights set by the kind of each module.
import math

import torch
import torch.nn as nn
from torch.utils import data as torch_data

cfg = [8, "M", 12, 12, "M"]


def make_layers(cfg, batch_norm=True):
    layers = []
    in_channels = 1
    for v in cfg:
        if v == "M":
            layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
        else:
            conv2d = nn.Conv2d(in_channels, v, kernel_size=3, padding=1)
            if batch_norm:
                layers += [conv2d, nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
            else:
                layers += [conv2d, nn.ReLU(inplace=True)]
            in_channels = v
    return nn.Sequential(*layers)


class VGG(nn.Module):
    def __init__(self, features, num_classes=5):
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.classifier = nn.Sequential(
            nn.Linear(12, 16),
            nn.ReLU(True),
            nn.Dropout(p=0.0),
            nn.Linear(16, num_classes),
        )
        self._initialize_weights()

    def forward(self, x):
        x = self.features(x)
        x = self.avgpool(x)
        x = x.view(x.size(0), -1)
        return self.classifier(x)

    def _initialize_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                n = m.kernel_size[0] * m.kernel_size[1] * m.out_channels
                m.weight.data.normal_(0, math.sqrt(2.0 / n))
                if m.bias is not None:
                    m.bias.data.zero_()
            elif isinstance(m, nn.BatchNorm2d):
                m.weight.data.fill_(1)
                m.bias.data.zero_()
            elif isinstance(m, nn.Linear):
                m.weight.data.normal_(0, 0.01)
                m.bias.data.zero_()


net = VGG(make_layers(cfg))
same_weights(net)
trainset = torch_data.TensorDataset(torch.Tensor(data["images"]), torch.tensor(data["labels"]).long())
trainloader = torch_data.DataLoader(trainset, batch_size=20, shuffle=False, num_workers=0, drop_last=True)

criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[5, 8], gamma=0.1)

losses = []
net.train()
for epoch in range(17):
    running_loss = 0.0
    for i, (inputs, targets) in enumerate(trainloader, 0):
        optimizer.zero_grad(set_to_none=True)
        outputs = net(inputs)
        loss = criterion(outputs, targets)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
        losses.append(loss.item())
    scheduler.step()

net.eval()
correct, total = 0, 0
with torch.no_grad():
    for inputs, targets in trainloader:
        outputs = net(inputs)
        _, predicted = torch.max(outputs.data, 1)
        total += targets.size(0)
        correct += (predicted == targets).sum().item()
results = {
    "correct": correct,
    "total": total,
    "mean": net.features[1].running_mean,
    "var": net.features[1].running_var,
    "batches": net.features[1].num_batches_tracked,
}
