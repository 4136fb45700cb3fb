"""Inference in PyTorch, float32.

eager          nn.Sequential in inference mode
functional     addmm into ready buffers, weights inputs × units
functional_oi  the same, weights outputs × inputs
jit            torch.jit.trace, freeze, optimize_for_inference
compile        torch.compile with frozen weights
compile_cpp    the same through the C++ wrapper (less Python in a call)
"""
import torch

from peers.torch_training import version
from variant import Variant, in_turn

__all__ = ["variants", "version"]


def variants(job):
    torch.set_num_threads(job.threads)
    torch.set_flush_denormal(True)
    batches = [torch.from_numpy(x) for x, _ in job.dense_batches()]

    def variant(run):
        feed = in_turn(batches)

        def call():
            with torch.inference_mode():
                run(next(feed))

        def outputs(k):
            with torch.inference_mode():
                return run(batches[k]).numpy().copy()
        return Variant(call, job.batch, outputs=outputs)

    return {
        "eager": lambda: variant(module(job)),
        "functional": lambda: variant(functional(job, transposed=False)),
        "functional_oi": lambda: variant(functional(job, transposed=True)),
        "jit": lambda: variant(traced(job, batches[0])),
        "compile": lambda: variant(compiled(job, batches[0])),
        "compile_cpp": lambda: variant(compiled(job, batches[0], cpp_wrapper=True)),
    }


def module(job):
    layers = []
    for w, b in zip(*job.copies()):
        linear = torch.nn.Linear(*w.shape)
        linear.weight.data = torch.from_numpy(w.T.copy())
        linear.bias.data = torch.from_numpy(b)
        layers += [linear, torch.nn.ReLU() if job.model.activation == "rectifier" else torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1]).eval()


def functional(job, transposed):
    weights, biases = job.copies()
    weights = [torch.from_numpy(w.T.copy()).t() if transposed else torch.from_numpy(w) for w in weights]
    biases = [torch.from_numpy(b) for b in biases]
    outs = [torch.empty(job.batch, len(b)) for b in biases]
    activate = torch.relu_ if job.model.activation == "rectifier" else torch.tanh_

    def run(x):
        for w, b, out in zip(weights, biases, outs):
            torch.addmm(b, x, w, out=out)
            if out is not outs[-1]:
                activate(out)
            x = out
        return x
    return run


def traced(job, example):
    with torch.no_grad():
        model = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(module(job), example)))
        for _ in range(3):
            model(example)
    return model


def compiled(job, example, **options):
    import torch._inductor.config
    torch._inductor.config.freezing = True
    with torch.no_grad():
        model = torch.compile(module(job), options=options or None)
        model(example)

    def run(x):
        with torch.no_grad():
            return model(x)
    return run
