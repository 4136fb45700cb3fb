"""Training steps in PyTorch on bags of words: plain gradient descent, squared error, float32.

By first layer:
dense         nn.Linear on dense rows made beforehand, autograd
csr, coo      torch.sparse.mm of sparse rows with the weights, autograd
bag           EmbeddingBag(mode="sum"), dense gradient
bag_sparse    EmbeddingBag(mode="sum", sparse=True): only touched rows are updated
bag_compile   bag_sparse's first layer, everything above by torch.compile
dense_manual  hand-written backward on dense rows, each update one product into the weights
bag_manual    the same with EmbeddingBag's forward and an index_add_ into the first layer
"""
import warnings

import torch
import torch.nn.functional as F

from peers.torch_training import Layers, l1_sum, manual, version
from variant import Variant, in_turn

__all__ = ["variants", "version"]

# Wider networks leave out the variants that were never the fastest, for want of memory.
WIDE = 2000


def variants(job):
    warnings.filterwarnings("ignore")
    torch.set_num_threads(job.threads)
    torch.set_flush_denormal(True)
    activate = {"rectifier": F.relu, "tanh": torch.tanh}[job.model.activation]
    builders = {
        "dense": lambda: autograd(job, activate, "dense"),
        "csr": lambda: autograd(job, activate, "csr"),
        "coo": lambda: autograd(job, activate, "coo"),
        "bag": lambda: autograd(job, activate, "bag"),
        "bag_sparse": lambda: autograd(job, activate, "bag", sparse=True),
        "bag_compile": lambda: autograd(job, activate, "bag", sparse=True, compiled=True),
        "dense_manual": lambda: manual(job, rows(job, "dense"), transposed=False),
        "bag_manual": lambda: bag_manual(job),
    }
    if max(job.model.sizes[1:]) > WIDE:
        for name in ("coo", "bag", "bag_compile"):
            del builders[name]
    return builders


def rows(job, form):
    """The mini-batches in the form that the first layer takes, made beforehand."""
    made = []
    for bags, targets in job.batches():
        if form == "dense":
            x = torch.from_numpy(bags.toarray())
        elif form in ("csr", "coo"):
            x = torch.sparse_csr_tensor(torch.from_numpy(bags.indptr).long(),
                                        torch.from_numpy(bags.indices).long(),
                                        torch.from_numpy(bags.data), size=bags.shape)
            x = x.to_sparse_coo().coalesce() if form == "coo" else x
        else:
            lengths = torch.from_numpy(bags.indptr[1:] - bags.indptr[:-1]).long()
            x = (torch.from_numpy(bags.indices).long(), torch.from_numpy(bags.indptr[:-1].copy()).long(),
                 torch.repeat_interleave(torch.arange(job.batch), lengths))
        made.append((x, torch.from_numpy(targets)))
    return made


def autograd(job, activate, form, sparse=False, compiled=False):
    def parameter(array):
        return torch.nn.Parameter(torch.from_numpy(array))
    weights, biases = job.copies()
    # The first layer's weights stay inputs × units, but for nn.Linear's way.
    w0, b0 = parameter(weights[0].T.copy() if form == "dense" else weights[0]), parameter(biases[0])
    upper = [(parameter(w.T.copy()), parameter(b)) for w, b in zip(weights[1:], biases[1:])]
    rest = [b0] + [p for pair in upper for p in pair]
    # Fused SGD takes no sparse gradients: the first layer then has an optimiser of its own.
    optimizers = [torch.optim.SGD([w0], lr=job.learning_rate, fused=not sparse),
                  torch.optim.SGD(rest, lr=job.learning_rate, fused=True)]
    feed = in_turn(rows(job, form))

    def above(z, target):
        h, penalty = activate(z), 0.0
        for k, (w, b) in enumerate(upper):
            if job.l1:
                penalty = penalty + l1_sum(job, h) / job.batch
            h = F.linear(h, w, b)
            if k + 1 < len(upper):
                h = activate(h)
        loss = 0.5 * F.mse_loss(h, target)
        return loss + job.l1 * penalty if job.l1 else loss

    above = torch.compile(above) if compiled else above

    def call():
        x, target = next(feed)
        for optimizer in optimizers:
            optimizer.zero_grad()
        if form == "dense":
            z = F.linear(x, w0, b0)
        elif form == "bag":
            z = F.embedding_bag(x[0], w0, x[1], mode="sum", sparse=sparse) + b0
        else:
            z = torch.sparse.mm(x, w0) + b0
        above(z, target).backward()
        for optimizer in optimizers:
            optimizer.step()

    def parameters():
        first = w0.detach().T if form == "dense" else w0.detach()
        return [first.numpy(), *(w.detach().T.numpy() for w, _ in upper),
                b0.detach().numpy(), *(b.detach().numpy() for _, b in upper)]

    return Variant(call, job.batch, parameters=parameters)


def bag_manual(job):
    weights, biases = job.copies()
    stored = [torch.from_numpy(weights[0]), *(torch.from_numpy(w.T.copy()) for w in weights[1:])]
    views = [stored[0], *(w.t() for w in stored[1:])]
    biases = [torch.from_numpy(b) for b in biases]
    net = Layers(job, views, biases)
    feed = in_turn(rows(job, "bag"))

    @torch.inference_mode()
    def call():
        (words, starts, examples), target = next(feed)
        torch.add(F.embedding_bag(words, views[0], starts, mode="sum"), biases[0], out=net.layers[0])
        net.activate(0)
        net.forward(None, first=1)
        net.error_of_outputs(target)
        for k in reversed(range(1, len(views))):
            net.backward(k)
            stored[k].addmm_(net.errors[k].t(), net.layers[k - 1], alpha=-job.learning_rate)
            net.update_bias(k)
        views[0].index_add_(0, words, net.errors[0][examples], alpha=-job.learning_rate)
        net.update_bias(0)

    return Variant(call, job.batch, parameters=lambda: [w.numpy() for w in views] + [b.numpy() for b in biases])
