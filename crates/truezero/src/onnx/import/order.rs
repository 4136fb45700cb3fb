//! Nodes in an order in which each comes after those that make its inputs.

use std::collections::HashMap;

use super::super::proto::NodeProto;

/// The nodes sorted, those that need not move in their order. Nodes in a circle come last, as they stand, so that
/// each of them is refused where it is read.
pub(super) fn sorted(nodes: &[NodeProto]) -> Vec<&NodeProto> {
    let mut makers = HashMap::new();
    for (maker, node) in nodes.iter().enumerate() {
        makers.extend(node.output.iter().filter(|name| !name.is_empty()).map(|name| (name.as_str(), maker)));
    }
    let mut users = vec![Vec::new(); nodes.len()];
    let mut missing = vec![0usize; nodes.len()];
    for (user, node) in nodes.iter().enumerate() {
        for maker in node.input.iter().filter_map(|name| makers.get(name.as_str())) {
            users[*maker].push(user);
            missing[user] += 1;
        }
    }
    let mut sorted = Vec::with_capacity(nodes.len());
    let mut placed = vec![false; nodes.len()];
    let mut ready = Vec::new();
    for first in 0..nodes.len() {
        // What a node was waiting for follows it at once; those that come first in the file go first.
        if missing[first] == 0 && !placed[first] {
            ready.push(first);
        }
        while let Some(next) = ready.pop() {
            placed[next] = true;
            sorted.push(&nodes[next]);
            for &user in users[next].iter().rev() {
                missing[user] -= 1;
                if missing[user] == 0 && user < first {
                    ready.push(user);
                }
            }
        }
    }
    sorted.extend(nodes.iter().zip(placed).filter(|(_, placed)| !placed).map(|(node, _)| node));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(nodes: &[(&str, &[&str])]) -> String {
        let node = |&(output, inputs): &(&str, &[&str])| NodeProto {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![output.to_owned()],
            ..NodeProto::default()
        };
        let nodes: Vec<NodeProto> = nodes.iter().map(node).collect();
        sorted(&nodes).into_iter().map(|node| node.output[0].as_str()).collect()
    }

    #[test]
    fn makers_come_before_users() {
        assert_eq!(
            order(&[("a", &["x"]), ("b", &["a"]), ("c", &["x", "a"])]),
            "abc",
            "sorted stays as it is"
        );
        assert_eq!(order(&[("d", &["c", "a"]), ("c", &["b"]), ("a", &["x"]), ("b", &["a", "a"])]), "abcd");
        assert_eq!(order(&[("c", &["d"]), ("a", &["x"]), ("d", &["c"])]), "acd", "circles come last");
    }
}
