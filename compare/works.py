"""What is timed: the table of the contest, with the ratio to the best peer that truezero should reach."""
from dataclasses import dataclass

L1 = 1e-4  # λ of λ Σ |h| on hidden activations, averaged over the mini-batch
LEARNING_RATE = 0.01
FIT_LEARNING_RATE = 0.1


@dataclass(frozen=True)
class Work:
    group: str
    name: str
    network: str  # a key of networks.NETWORKS
    kind: str  # "training", "inference" or "fit"
    batch: int
    target: float
    beyond: float

    @property
    def peers(self):
        """Modules of `peers`."""
        if self.kind == "inference":
            return ["torch_inference", "jax_inference", "onnxruntime_inference", "openvino_inference",
                    "sklearn_inference"]
        if self.kind == "fit":
            return ["sklearn_fit"]
        torch = "torch_text" if self.network.startswith("text") else "torch_training"
        return [torch, "jax_training", "sklearn_training"]

    @property
    def l1(self):
        """On tanh units the penalty gives no zeros and is left out."""
        return 0.0 if self.network == "tanh" else L1

    @property
    def learning_rate(self):
        return FIT_LEARNING_RATE if self.kind == "fit" else LEARNING_RATE


def _all():
    for batch, target, beyond in [(10, 4, 6), (32, 3.5, 5), (128, 2.5, 4)]:
        yield Work("training", f"training, mini-batch {batch}", "rectifier", "training", batch, target, beyond)
    for batch, target, beyond in [(1, 3.5, 5), (64, 2.5, 4), (1024, 2, 3)]:
        name = "inference, one example" if batch == 1 else f"inference, {batch} examples"
        yield Work("inference", name, "rectifier", "inference", batch, target, beyond)
    for width, beyond in [(1000, 5), (5000, 6)]:
        for batch in (10, 128):
            name = f"text 5000-{width}-{width}-{width}-1, training, mini-batch {batch}"
            yield Work(f"text{width}", name, f"text{width}", "training", batch, 3, beyond)
    for batch in (10, 128, 1024):
        yield Work("tanh", f"tanh, training, mini-batch {batch}", "tanh", "training", batch, 0.9, 1.1)
    for batch in (1, 64, 1024):
        name = "tanh, inference, one example" if batch == 1 else f"tanh, inference, {batch} examples"
        yield Work("tanh", name, "tanh", "inference", batch, 0.9, 1.1)
    for batch in (10, 128):
        yield Work("fit", f"MLPClassifier.fit, mini-batch {batch}", "rectifier", "fit", batch, 8, 15)


WORKS = list(_all())
GROUPS = list(dict.fromkeys(work.group for work in WORKS))
