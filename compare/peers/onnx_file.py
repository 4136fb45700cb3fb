"""The model as an ONNX graph of Gemm and activation nodes."""
import onnx
from onnx import TensorProto, helper, numpy_helper


def graph(job):
    """An ONNX model with inputs of the job's mini-batch size, `x`, and outputs `y`."""
    model, nodes, tensors, below = job.model, [], [], "x"
    for k, (w, b) in enumerate(zip(model.weights, model.biases)):
        last = k + 1 == len(model.weights)
        tensors += [numpy_helper.from_array(w, f"W{k}"), numpy_helper.from_array(b, f"b{k}")]
        out = "y" if last else f"z{k}"
        nodes.append(helper.make_node("Gemm", [below, f"W{k}", f"b{k}"], [out]))
        if not last:
            kind = "Relu" if model.activation == "rectifier" else "Tanh"
            nodes.append(helper.make_node(kind, [out], [f"h{k}"]))
            below = f"h{k}"
    def value(name, width):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [job.batch, width])
    made = helper.make_graph(nodes, "mlp", [value("x", model.sizes[0])], [value("y", model.sizes[-1])], tensors)
    made = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made
