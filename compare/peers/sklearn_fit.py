"""scikit-learn's whole `fit`: the same network, the same epochs, from its own random start."""
import warnings

from peers.sklearn_training import network, version
from variant import Variant

__all__ = ["variants", "version"]


def variants(job):
    warnings.simplefilter("ignore")

    def fit():
        net = network(job, shuffle=True, max_iter=job.epochs, n_iter_no_change=job.epochs + 1, tol=0.0)
        net.fit(job.x, job.y)
        if net.n_iter_ != job.epochs:
            raise RuntimeError(f"expected {job.epochs} epochs, found {net.n_iter_}")

    return {"fit": lambda: Variant(fit, job.epochs * job.x.shape[0], whole=True)}
