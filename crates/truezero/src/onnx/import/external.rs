//! Which files beside a model hold data of its tensors.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::proto::{AttributeProto, FunctionProto, GraphProto, SparseTensorProto, TensorProto};

/// The files that are there and that any tensor names, read or not, in the order of their names. Data outside of a folder
/// is never read, and without one there is none.
pub(super) fn files(graph: &GraphProto, functions: &[FunctionProto], folder: Option<&Path>) -> Vec<PathBuf> {
    let Some(folder) = folder else { return Vec::new() };
    let nodes = graph.node.iter().chain(functions.iter().flat_map(|function| &function.node));
    let defaults = functions.iter().flat_map(|function| &function.attribute_proto);
    let attributes = nodes.flat_map(|node| &node.attribute).chain(defaults);
    let (plain, sparse): (Vec<_>, Vec<_>) =
        attributes.map(|AttributeProto { t, sparse_tensor, .. }| (t, sparse_tensor)).unzip();
    let sparse = graph.sparse_initializer.iter().chain(sparse.into_iter().flatten());
    let tensors = graph.initializer.iter().chain(plain.into_iter().flatten());
    let tensors = tensors.chain(sparse.flat_map(of_sparse));
    let locations: BTreeSet<&str> = tensors.filter_map(location).collect();
    locations.into_iter().map(|location| folder.join(location)).filter(|path| path.is_file()).collect()
}

fn location(tensor: &TensorProto) -> Option<&str> {
    let entry = tensor.external_data.iter().find(|entry| entry.key == "location")?;
    Some(&entry.value)
}

fn of_sparse(tensor: &SparseTensorProto) -> impl Iterator<Item = &TensorProto> {
    [&tensor.values, &tensor.indices].into_iter().flatten()
}
