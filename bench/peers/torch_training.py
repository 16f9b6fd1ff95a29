"""What the models in PyTorch share: the data, the loop's body, losses, and how weights begin."""
import sys

import torch
from torch import nn
from torch.nn import functional

import channel

THREADS, FOLDER, NAME = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(THREADS)
torch.manual_seed(0)


def arrays():
    """The data, by name."""
    return {name: torch.from_numpy(array) for name, array in channel.arrays(FOLDER).items()}


def training(model, loss_of, optimizer):
    """The loop's body that PyTorch's tutorials show."""

    def step(*batch):
        optimizer.zero_grad()
        loss = loss_of(model, *batch)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def batched(step, batch, *tensors):
    count = len(tensors[0]) // batch
    parts = [tuple(t[i * batch : (i + 1) * batch] for t in tensors) for i in range(count)]
    return lambda i: step(*parts[i % count])


def classify(model, x, y):
    return functional.cross_entropy(model(x), y)


def positive(model, x, y):
    return functional.binary_cross_entropy_with_logits(model(x).squeeze(-1), y)


def like_keras(model):
    """Weights begin as Keras' do, so that losses and trainings can be compared. Normalisations begin alike in both."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Embedding):
            nn.init.uniform_(layer.weight, -0.05, 0.05)
        elif isinstance(layer, nn.LSTM | nn.GRU):
            for name, weight in layer.named_parameters():
                if "weight_ih" in name:
                    nn.init.xavier_uniform_(weight)
                elif "weight_hh" in name:
                    nn.init.orthogonal_(weight)
                else:
                    nn.init.zeros_(weight)
                if "bias_ih" in name and isinstance(layer, nn.LSTM):  # of the four gates the second is to forget
                    nn.init.ones_(weight.detach()[layer.hidden_size : 2 * layer.hidden_size])
    return model
