"""Estimators as graphs in the Open Neural Network Exchange format, alone and as parts of scikit-learn's pipelines."""

import os

import numpy as np
from sklearn.utils.validation import check_is_fitted

#: The least version of the operators that our graphs have, and of those that came later.
OPSET = 13
LATER = {"HardSwish": 14, "Mish": 18, "Gelu": 20}
#: The element type of a tensor of 64-bit whole numbers.
INT64 = 7
#: The element type of a tensor of words.
STRING = 8


class OnnxMixin:
    """What a fitted network has for ONNX. The converter of scikit-learn (``skl2onnx``) looks for the methods
    ``onnx_shape_calculator`` and ``onnx_converter``, so nothing needs to be registered there."""

    def to_onnx(self, path=None, *, force=False) -> bytes:
        """The model in the Open Neural Network Exchange format.

        The graph takes ``input`` of shape (batch, n_features), float32, any number of examples, and gives
        ``probabilities`` and ``label`` (the name of the class, a string), ``probabilities`` alone for several labels, or
        ``quantities``. The metadata have the names of the classes, and of the features where the estimator knows them.

        Parameters
        ----------
        path : path-like, default=None
            Where to write it, if anywhere. The file is written completely, or stays as it was. One that `to_onnx` or
            ``truezero export`` wrote is replaced, any other is not.
        force : bool, default=False
            Replace whatever file is there.

        Returns
        -------
        model : bytes
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        names = None if names is None else [str(name) for name in names]
        text = _kind(self) == "classes" and all(isinstance(name, str) for name in self.classes_.tolist())
        return self._model.to_onnx(None if path is None else os.fspath(path), force, names, text)

    def onnx_shape_calculator(self):
        """For ``skl2onnx``: what tells the types and shapes of the outputs."""
        return _shapes

    def onnx_converter(self):
        """For ``skl2onnx``: what adds the network to the graph of a pipeline.

        The label there is what `predict` gives: a whole number for classes that are whole numbers or truth values, else
        a string.
        """
        return _convert


def _kind(estimator):
    """What an estimator predicts: "classes", "labels" or "quantities"."""
    if not hasattr(estimator, "classes_"):
        return "quantities"
    return "labels" if getattr(estimator, "_multilabel", False) else "classes"


def _classes(estimator):
    """Classes as an array of whole numbers, if 64 bits hold them with a sign, or of strings."""
    classes = estimator.classes_
    whole = classes.dtype.kind in "biu" and classes.max() <= np.iinfo(np.int64).max
    return classes.astype(np.int64 if whole else str)


def _shapes(operator):
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

    estimator = operator.raw_operator
    batch = operator.inputs[0].get_first_dimension()
    width = len(estimator._model.output_names)
    if _kind(estimator) == "quantities":
        operator.outputs[0].type = FloatTensorType([batch, width])
        return
    label, probabilities = operator.outputs
    probabilities.type = FloatTensorType([batch, width])
    if _kind(estimator) == "labels":
        label.type = Int64TensorType([batch, width])
    else:
        whole = _classes(estimator).dtype.kind == "i"
        label.type = (Int64TensorType if whole else StringTensorType)([batch])


def _convert(scope, operator, container):
    import onnx
    from onnx import helper
    from skl2onnx.common.data_types import FloatTensorType

    estimator = operator.raw_operator
    graph = onnx.load_from_string(estimator.to_onnx()).graph
    kind = _kind(estimator)
    label = kind == "classes"
    given = operator.inputs[0].full_name
    names = {graph.input[0].name: given}
    if not isinstance(operator.inputs[0].type, FloatTensorType):
        names[graph.input[0].name] = single = scope.get_unique_variable_name("single")
        container.add_node("Cast", given, single, op_version=OPSET, to=onnx.TensorProto.FLOAT)
    for name, output in zip(
        {"classes": ["label", "probabilities"], "labels": ["label", "probabilities"]}.get(kind, ["quantities"]),
        operator.outputs,
    ):
        names[name] = output.full_name

    def renamed(name):
        if name not in names:
            names[name] = scope.get_unique_variable_name(name)
        return names[name]

    for tensor in graph.initializer:
        if label and tensor.name == "classes":
            classes = _classes(estimator)
            whole = classes.dtype.kind == "i"
            content = classes.tolist() if whole else [name.encode() for name in classes.tolist()]
            container.add_initializer(renamed("classes"), INT64 if whole else STRING, [len(content)], content)
        else:
            # An array is added as it is, whatever its size.
            array = onnx.numpy_helper.to_array(tensor)
            container.add_initializer(renamed(tensor.name), tensor.data_type, list(tensor.dims), array.ravel())
    for node in graph.node:
        container.add_node(
            node.op_type,
            [renamed(name) for name in node.input],
            [renamed(name) for name in node.output],
            op_version=LATER.get(node.op_type, OPSET),
            name=scope.get_unique_operator_name(node.op_type),
            **{attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute},
        )
    if kind == "labels":
        half = scope.get_unique_variable_name("half")
        above = scope.get_unique_variable_name("above")
        container.add_initializer(half, onnx.TensorProto.FLOAT, [], [0.5])
        container.add_node("Greater", [renamed("probabilities"), half], above, op_version=OPSET)
        container.add_node("Cast", above, names["label"], op_version=OPSET, to=INT64)
