"""Training steps in PyTorch on dense inputs: plain gradient descent, float32.

eager         modules, autograd and torch.optim.SGD as they come
fused         the same with SGD(fused=True)
compile       forward, loss and backward by torch.compile, fused SGD
compile_step  a whole hand-written step by torch.compile
manual        hand-written backward; each update is one product into the weights
              (W.addmm_(h.T, δ, alpha=−η)), all buffers made beforehand
manual_oi     the same with weights stored outputs × inputs, as nn.Linear does

Mini-batches are contiguous slices made beforehand: no gathering is timed.
"""
import torch
import torch.nn.functional as F

from variant import Variant, in_turn


def version():
    return f"torch {torch.__version__}"


def variants(job):
    torch.set_num_threads(job.threads)
    torch.set_flush_denormal(True)
    batches = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in job.dense_batches()]
    activate = {"rectifier": F.relu, "tanh": torch.tanh}[job.model.activation]
    return {
        "eager": lambda: autograd(job, batches, activate),
        "fused": lambda: autograd(job, batches, activate, fused=True),
        "compile": lambda: autograd(job, batches, activate, fused=True, compiled=True),
        "compile_step": lambda: compiled_step(job, batches, activate),
        "manual": lambda: manual(job, batches, transposed=False),
        "manual_oi": lambda: manual(job, batches, transposed=True),
    }


def autograd(job, batches, activate, compiled=False, **options):
    layers = []
    for w, b in zip(*job.copies()):
        linear = torch.nn.Linear(*w.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w.T.copy()))
            linear.bias.copy_(torch.from_numpy(b))
        layers.append(linear)
    model = torch.nn.ModuleList(layers)
    optimizer = torch.optim.SGD(model.parameters(), lr=job.learning_rate, **options)
    feed = in_turn(batches)

    def loss_of(x, y):
        h, penalty = x, 0.0
        for k, linear in enumerate(model):
            h = linear(h)
            if k + 1 < len(model):
                h = activate(h)
                if job.l1:
                    penalty = penalty + l1_sum(job, h) / len(x)
        loss = F.cross_entropy(h, y) if job.model.classifies else 0.5 * F.mse_loss(h, y)
        return loss + job.l1 * penalty if job.l1 else loss

    loss_of = torch.compile(loss_of) if compiled else loss_of

    def call():
        optimizer.zero_grad()
        loss_of(*next(feed)).backward()
        optimizer.step()

    def parameters():
        weights = [linear.weight.detach().T.numpy() for linear in model]
        return weights + [linear.bias.detach().numpy() for linear in model]

    return Variant(call, job.batch, parameters=parameters)


def l1_sum(job, h):
    """Σ |h|; a rectifier's outputs are their own absolute values."""
    return h.sum() if job.model.activation == "rectifier" else h.abs().sum()


def compiled_step(job, batches, activate):
    weights, biases = job.copies()
    weights = [torch.from_numpy(w.T.copy()) for w in weights]
    biases = [torch.from_numpy(b) for b in biases]
    rectifier = job.model.activation == "rectifier"
    penalty = job.l1 / job.batch

    def step(weights, biases, x, y):
        layers = [x]
        for k, (w, b) in enumerate(zip(weights, biases)):
            z = torch.addmm(b, layers[-1], w.t())
            layers.append(activate(z) if k + 1 < len(weights) else z)
        out = layers[-1]
        if job.model.classifies:
            error = (F.softmax(out, 1) - F.one_hot(y, out.shape[1])) / len(x)
        else:
            error = (out - y) / len(x)
        for k in reversed(range(len(weights))):
            h, below = layers[k], None
            if k:
                below = error @ weights[k]
                if job.l1:
                    below = below + (penalty if rectifier else penalty * h.sign())
                below = below * (h > 0 if rectifier else 1 - h * h)
            weights[k].sub_(job.learning_rate * (error.t() @ h))
            biases[k].sub_(job.learning_rate * error.sum(0))
            error = below

    step = torch.compile(step)
    feed = in_turn(batches)

    @torch.no_grad()
    def call():
        step(weights, biases, *next(feed))

    return Variant(call, job.batch, parameters=lambda: [w.T.numpy() for w in weights] + [b.numpy() for b in biases])


def manual(job, batches, transposed):
    weights, biases = job.copies()
    stored = [torch.from_numpy(w.T.copy() if transposed else w) for w in weights]
    views = [w.t() if transposed else w for w in stored]  # inputs × units
    biases = [torch.from_numpy(b) for b in biases]
    net = Layers(job, views, biases)
    feed = in_turn(batches)

    @torch.inference_mode()
    def call():
        x, y = next(feed)
        net.forward(x)
        net.error_of_outputs(y)
        for k in reversed(range(len(views))):
            if k:
                net.backward(k)
            below = net.layers[k - 1] if k else x
            if transposed:
                stored[k].addmm_(net.errors[k].t(), below, alpha=-job.learning_rate)
            else:
                stored[k].addmm_(below.t(), net.errors[k], alpha=-job.learning_rate)
            net.update_bias(k)

    return Variant(call, job.batch, parameters=lambda: [w.numpy() for w in views] + [b.numpy() for b in biases])


class Layers:
    """Buffers and products of a hand-written step."""

    def __init__(self, job, views, biases):
        self.job, self.views, self.biases = job, views, biases
        self.layers = [torch.empty(job.batch, len(b)) for b in biases]
        self.errors = [torch.empty(job.batch, len(b)) for b in biases]
        self.ones, self.rows = torch.ones(job.batch), torch.arange(job.batch)
        self.rectifier = job.model.activation == "rectifier"

    def forward(self, x, first=0):
        """From layer `first` on; the layers below are computed."""
        for k in range(first, len(self.views)):
            below = self.layers[k - 1] if k else x
            torch.addmm(self.biases[k], below, self.views[k], out=self.layers[k])
            self.activate(k)

    def activate(self, k):
        if k + 1 < len(self.views):
            self.layers[k].relu_() if self.rectifier else self.layers[k].tanh_()

    def error_of_outputs(self, y):
        error = self.errors[-1]
        if self.job.model.classifies:
            torch.softmax(self.layers[-1], 1, out=error)
            error[self.rows, y] -= 1.0
        else:
            torch.sub(self.layers[-1], y, out=error)
        error.mul_(1.0 / self.job.batch)

    def backward(self, k):
        """The errors of the layer below layer k."""
        h, error = self.layers[k - 1], self.errors[k - 1]
        torch.mm(self.errors[k], self.views[k].t(), out=error)
        penalty = self.job.l1 / self.job.batch
        if self.rectifier:
            if penalty:
                error.add_(penalty)
            # Zero where h ≤ 0, in one pass.
            torch.ops.aten.threshold_backward.grad_input(error, h, 0, grad_input=error)
        else:
            if penalty:
                error.add_(h.sign(), alpha=penalty)
            torch.ops.aten.tanh_backward.grad_input(error, h, grad_input=error)

    def update_bias(self, k):
        self.biases[k].addmv_(self.errors[k].t(), self.ones, alpha=-self.job.learning_rate)
