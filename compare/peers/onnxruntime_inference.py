"""Inference in ONNX Runtime's CPU provider, float32.

run      session.run with numpy arrays
binding  IO binding with an output buffer made beforehand: no copies
"""
import numpy as np
import onnxruntime as ort

from peers.onnx_file import graph
from variant import Variant, in_turn


def version():
    return f"onnxruntime {ort.__version__}"


def variants(job):
    options = ort.SessionOptions()
    options.intra_op_num_threads = job.threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    session = ort.InferenceSession(graph(job).SerializeToString(), options, providers=["CPUExecutionProvider"])
    feeds = [x for x, _ in job.dense_batches()]

    def run():
        feed = in_turn(feeds)
        return Variant(lambda: session.run(None, {"x": next(feed)}), job.batch,
                       outputs=lambda k: session.run(None, {"x": feeds[k]})[0])

    def binding():
        out = ort.OrtValue.ortvalue_from_numpy(np.empty((job.batch, job.model.sizes[-1]), np.float32))
        bindings = []
        for x in feeds:
            bound = session.io_binding()
            bound.bind_ortvalue_input("x", ort.OrtValue.ortvalue_from_numpy(x))
            bound.bind_ortvalue_output("y", out)
            bindings.append(bound)
        feed = in_turn(bindings)

        def outputs(k):
            session.run_with_iobinding(bindings[k])
            return out.numpy().copy()
        return Variant(lambda: session.run_with_iobinding(next(feed)), job.batch, outputs=outputs)

    return {"run": run, "binding": binding}
