//! What outputs are for, what their classes are called, and what a model does not tell.

use truezero_data::Notices;

use super::*;

fn options(task: Option<Task>, classes: Option<&[&str]>) -> ImportOptions {
    let classes = classes.map(|names| names.iter().map(ToString::to_string).collect());
    ImportOptions { task, classes, notices: Notices::default() }
}

/// The model, whether its classes are text, and what was noticed.
fn taken(graph: GraphProto, options: &ImportOptions) -> Result<(Imported, Vec<String>), String> {
    let imported = super::super::import(file(graph), None, options).map_err(|error| error.to_string())?;
    Ok((imported, options.notices.all().iter().map(ToString::to_string).collect()))
}

/// One unit of two inputs, and what comes after.
fn single(nodes: Vec<NodeProto>, constants: Vec<TensorProto>, outputs: Vec<ValueInfoProto>) -> GraphProto {
    let nodes = [vec![plain("MatMul", &["x", "v"], "z")], nodes].concat();
    let constants = [vec![tensor("v", &[2, 1], &[1.0, 1.0])], constants].concat();
    GraphProto { output: outputs, ..graph(nodes, constants) }
}

fn scores() -> GraphProto {
    graph(vec![plain("MatMul", &["x", "w"], "y")], vec![weights()])
}

#[test]
fn a_person_may_say_what_the_outputs_are() {
    let task = |graph: GraphProto, task: Option<Task>, classes: Option<&[&str]>| {
        taken(graph, &options(task, classes)).map(|(imported, notices)| {
            assert!(notices.is_empty(), "{notices:?}");
            let preprocessing = imported.model.preprocessing;
            (preprocessing.task(), preprocessing.labels().join(" "))
        })
    };
    let names = |text: &str| text.to_owned();
    assert_eq!(task(scores(), None, None), Ok((Task::Regress, names(""))));
    assert_eq!(task(scores(), Some(Task::Classify), None), Ok((Task::Classify, names("0 1"))));
    assert_eq!(
        task(scores(), Some(Task::Classify), Some(&["no", "yes"])),
        Ok((Task::Classify, names("no yes")))
    );
    assert_eq!(task(scores(), Some(Task::Multilabel), None), Ok((Task::Multilabel, names("0 1"))));
    let logistic = || {
        let outputs = vec![value("y", data_type::FLOAT, &[0, 1])];
        single(vec![plain("Sigmoid", &["z"], "y")], Vec::new(), outputs)
    };
    assert_eq!(task(logistic(), None, None), Ok((Task::Classify, names("0 1"))));
    assert_eq!(task(logistic(), None, Some(&["no", "yes"])), Ok((Task::Classify, names("no yes"))));
    assert_eq!(task(logistic(), Some(Task::Multilabel), None), Ok((Task::Multilabel, names("0"))));
    assert_eq!(task(logistic(), Some(Task::Regress), None), Ok((Task::Regress, names(""))));
    let plain_score = || single(vec![plain("Identity", &["z"], "y")], Vec::new(), logistic().output);
    assert_eq!(task(plain_score(), Some(Task::Classify), None), Ok((Task::Classify, names("0 1"))));

    let softmax = || {
        let mut graph = scores();
        graph.node =
            vec![plain("MatMul", &["x", "w"], "z"), node("LogSoftmax", &["z"], "y", vec![int("axis", 1)])];
        graph
    };
    assert_eq!(task(softmax(), None, None), Ok((Task::Classify, names("0 1"))));
    let refusal = task(softmax(), Some(Task::Regress), None).unwrap_err();
    assert!(refusal.contains("expected the task classify, as probabilities add up to 1"), "{refusal}");
    let refusal = task(softmax(), None, Some(&["a", "b", "c"])).unwrap_err();
    assert!(refusal.contains("classes: expected 2 names, found 3"), "{refusal}");
    let refusal = task(scores(), None, Some(&["a", "b"])).unwrap_err();
    assert!(refusal.contains("found outputs that are quantities\nhint: pass the task classify"), "{refusal}");
    let mut several = scores();
    several.node = vec![plain("MatMul", &["x", "w"], "z"), plain("Sigmoid", &["z"], "y")];
    assert_eq!(task(several.clone(), None, None), Ok((Task::Multilabel, names("0 1"))));
    assert!(
        task(several, Some(Task::Classify), None)
            .unwrap_err()
            .contains("hint: the task multilabel fits them")
    );
}

#[test]
fn one_probability_is_that_of_the_second_class() {
    let outputs = vec![value("y", data_type::FLOAT, &[0])];
    let nodes = vec![plain("Sigmoid", &["z"], "p"), plain("Squeeze", &["p", "1"], "y")];
    let (imported, _) =
        taken(single(nodes, vec![integers("1", &[1])], outputs), &options(None, None)).unwrap();
    let found = predict(&imported.model);
    // z = −1
    assert!((found[1] - 0.268_941_4).abs() < 1e-6 && (found[0] + found[1] - 1.0).abs() < 1e-6, "{found:?}");
}

#[test]
fn one_class_alone_is_always_the_one() {
    let outputs = vec![value("y", data_type::FLOAT, &[0, 1])];
    let graph = single(vec![node("Softmax", &["z"], "y", vec![int("axis", 1)])], Vec::new(), outputs);
    let (imported, notices) = taken(graph, &options(None, None)).unwrap();
    assert_eq!(imported.model.preprocessing.labels(), ["0"]);
    assert_eq!((predict(&imported.model), notices), (vec![1.0], vec![]));
    let exported = imported.model.to_onnx(&crate::onnx::ExportOptions::default()).unwrap();
    let again = super::super::import(exported, None, &options(None, None)).unwrap();
    assert_eq!(again.model.preprocessing.labels(), ["0"]);
}

#[test]
fn a_class_that_logistic_outputs_tell_is_the_most_probable_of_the_labels() {
    let mut graph = scores();
    graph.node = vec![
        plain("MatMul", &["x", "w"], "z"),
        plain("Sigmoid", &["z"], "y"),
        node("ArgMax", &["y"], "label", vec![int("axis", 1)]),
    ];
    graph.output.push(value("label", data_type::INT64, &[0]));
    let (imported, notices) = taken(graph, &options(None, None)).unwrap();
    assert_eq!(imported.model.preprocessing.task(), Task::Multilabel);
    let [notice] = &notices[..] else { panic!("{notices:?}") };
    assert!(notice.contains("left out: the class that the graph tells"), "{notice}");
    assert!(notice.contains("the most probable of the labels is the graph's class"), "{notice}");
}

#[test]
fn classes_are_named_by_the_nodes_that_tell_them() {
    let told = |names: TensorProto, op: &str, domain: &str| {
        let inputs: &[&str] = &["names", "at"];
        let nodes = vec![
            plain("MatMul", &["x", "w"], "y"),
            node("ArgMax", &["y"], "at", vec![int("axis", 1)]),
            NodeProto { domain: domain.to_owned(), ..plain(op, inputs, "label") },
        ];
        let mut graph = graph(nodes, vec![weights(), names]);
        graph.output.push(value("label", data_type::STRING, &[0]));
        let (imported, notices) = taken(graph, &options(None, None)).unwrap();
        assert_eq!(imported.model.preprocessing.task(), Task::Classify);
        (imported.model.preprocessing.labels().join(" "), imported.text_classes, notices.len())
    };
    let words = |words: &[&str]| TensorProto {
        name: "names".to_owned(),
        dims: vec![words.len() as i64],
        data_type: data_type::STRING,
        string_data: words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect(),
        ..TensorProto::default()
    };
    for (op, domain) in [("Gather", ""), ("ArrayFeatureExtractor", "ai.onnx.ml")] {
        assert_eq!(told(integers("names", &[30, 10]), op, domain), ("30 10".to_owned(), false, 0));
        assert_eq!(told(words(&["007", "1"]), op, domain), ("007 1".to_owned(), true, 0));
    }
    assert_eq!(told(words(&["a", "b", "c"]), "Gather", ""), ("0 1".to_owned(), false, 1), "three for two");
}

#[test]
fn classes_that_a_model_tells_otherwise_are_noticed() {
    let label = |nodes: Vec<NodeProto>| {
        let nodes = [vec![plain("MatMul", &["x", "w"], "z"), plain("Relu", &["z"], "h")], nodes].concat();
        let mut graph = graph(nodes, vec![weights()]);
        graph.output.push(value("label", data_type::INT64, &[0]));
        graph
    };
    let top = |op: &str, of: &str| {
        vec![
            plain("MatMul", &["h", "w"], "s"),
            node("Softmax", &["s"], "y", vec![int("axis", 1)]),
            node(op, &[of], "label", vec![int("axis", 1)]),
        ]
    };
    for (op, of, expected) in [
        ("ArgMax", "y", None),
        ("ArgMax", "s", None),
        ("ArgMin", "y", Some("output \"label\": left out: it is the position of the least value")),
        ("ArgMax", "h", Some("it is the position of the greatest value of other values than the prediction")),
    ] {
        let (imported, notices) = taken(label(top(op, of)), &options(None, None)).unwrap();
        assert_eq!(imported.model.preprocessing.task(), Task::Classify);
        assert_eq!(notices.len(), usize::from(expected.is_some()), "{op} of {of}: {notices:?}");
        assert!(expected.is_none_or(|expected| notices[0].contains(expected)), "{notices:?}");
    }
    let mut alone = label(top("ArgMin", "y"));
    alone.output.remove(0);
    let refusal = taken(alone, &options(None, None)).unwrap_err();
    assert!(refusal.contains("expected a class that a model tells"), "{refusal}");

    let threshold = |at: f32| {
        let nodes = vec![
            plain("Sigmoid", &["z"], "y"),
            plain("Greater", &["y", "t"], "g"),
            node("Cast", &["g"], "label", vec![int("to", 7)]),
        ];
        let outputs = vec![value("label", data_type::INT64, &[0, 1]), value("y", data_type::FLOAT, &[0, 1])];
        taken(single(nodes, vec![tensor("t", &[], &[at])], outputs), &options(None, None)).unwrap().1
    };
    assert!(threshold(0.5).is_empty());
    let notices = threshold(0.2);
    assert!(notices[0].contains("left out: it is whether a value is above 0.2"), "{notices:?}");
    assert!(notices[0].contains("hint: the model tells the most probable class"), "{notices:?}");
}

#[test]
fn labels_of_which_any_may_hold_are_told_one_by_one() {
    let threshold = |last: &str, at: f32| {
        let nodes = vec![
            plain("MatMul", &["x", "w"], "z"),
            plain(last, &["z"], "y"),
            plain("Greater", &["y", "t"], "g"),
            node("Cast", &["g"], "label", vec![int("to", 7)]),
        ];
        let mut graph = graph(nodes, vec![weights(), tensor("t", &[], &[at])]);
        graph.output.push(value("label", data_type::INT64, &[0, 2]));
        let (imported, notices) = taken(graph, &options(None, None)).unwrap();
        (imported.model.preprocessing.task(), notices.len())
    };
    assert_eq!(threshold("Sigmoid", 0.5), (Task::Multilabel, 0));
    assert_eq!(threshold("Sigmoid", 0.1), (Task::Multilabel, 1));
    assert_eq!(threshold("Identity", 0.0), (Task::Multilabel, 0));
    assert_eq!(threshold("Identity", 0.5), (Task::Multilabel, 1));
}

#[test]
fn what_would_replace_missing_values_is_noticed() {
    let imputer = |replaced: f32| {
        let replaced = float("replaced_value_float", replaced);
        let imputer = node("Imputer", &["x"], "i", vec![replaced]);
        let imputer = NodeProto { domain: "ai.onnx.ml".to_owned(), ..imputer };
        taken(graph(vec![imputer, plain("MatMul", &["i", "w"], "y")], vec![weights()]), &options(None, None))
    };
    let (imported, notices) = imputer(f32::NAN).unwrap();
    assert_eq!(predict(&imported.model), [-5.0, -6.0]);
    assert_eq!(notices, ["node \"i\" (Imputer): left out: missing values (NaN) are not replaced"]);
    assert!(imputer(-999.0).unwrap_err().contains("expected the replacement of NaN"));
}
