"""ONNX Runtime behind FastAPI: the plain Python server, in the form of the protocol, without checks.

JSON in and out; or, where the header tells the length of the JSON, a tensor as bytes after it and bytes back.
"""
import json
import os

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request, Response

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(os.environ["ONNX_THREADS"])
session = onnxruntime.InferenceSession(os.environ["ONNX_MODEL"], options, providers=["CPUExecutionProvider"])
app = FastAPI()


@app.post("/v2/models/model/infer")
async def infer(request: Request) -> Response:
    body = await request.body()
    length = request.headers.get("inference-header-content-length")
    if length is None:
        tensor = json.loads(body)["inputs"][0]
        values = np.array(tensor["data"], np.float32).reshape(tensor["shape"])
        (probabilities,) = session.run(["probabilities"], {"input": values})
        answer = {"model_name": "model", "outputs": [{
            "name": "probabilities", "shape": list(probabilities.shape), "datatype": "FP32",
            "data": probabilities.ravel().tolist(),
        }]}
        return Response(json.dumps(answer), media_type="application/json")
    shape = json.loads(body[:int(length)])["inputs"][0]["shape"]
    values = np.frombuffer(body, np.float32, offset=int(length)).reshape(shape)
    (probabilities,) = session.run(["probabilities"], {"input": values})
    return Response(probabilities.tobytes(), media_type="application/octet-stream")
