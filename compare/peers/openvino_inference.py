"""Inference in OpenVINO on the CPU, float32 pinned: left to itself it takes bfloat16 where there is hardware
for it, which is other work.

f32  one infer request, shared memory
"""
import openvino as ov

from peers.onnx_file import graph
from variant import Variant, in_turn


def version():
    return f"openvino {ov.__version__.split('-')[0]}"


def variants(job):
    feeds = [x for x, _ in job.dense_batches()]

    def f32():
        core = ov.Core()
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": job.threads, "NUM_STREAMS": 1,
                    "CPU_DENORMALS_OPTIMIZATION": True, "INFERENCE_PRECISION_HINT": "f32"}
        request = core.compile_model(core.read_model(graph(job).SerializeToString()), "CPU", settings) \
            .create_infer_request()

        def run(x):
            return request.infer([x], share_inputs=True, share_outputs=True)[0]
        feed = in_turn(feeds)
        return Variant(lambda: run(next(feed)), job.batch, outputs=lambda k: run(feeds[k]).copy())

    return {"f32": f32}
