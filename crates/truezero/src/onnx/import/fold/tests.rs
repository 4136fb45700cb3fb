//! Each operator on small tensors, beside what it is defined to give.

use super::super::super::proto::{AttributeProto, NodeProto, data_type};
use super::*;

fn floats(dims: &[usize], values: &[f32]) -> Tensor {
    Tensor { dims: dims.to_vec(), values: Values::Single(values.to_vec()) }
}

fn whole(dims: &[usize], values: &[i64]) -> Tensor {
    integers(Integer::I64, dims, values)
}

fn integers(of: Integer, dims: &[usize], values: &[i64]) -> Tensor {
    Tensor { dims: dims.to_vec(), values: Values::Whole(values.to_vec(), of) }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { name: name.to_owned(), ints: values.to_vec(), ..AttributeProto::default() }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), i: Some(value), ..AttributeProto::default() }
}

fn call(op: &str, attribute: Vec<AttributeProto>, inputs: Vec<Tensor>) -> Result<Tensor, Refusal> {
    let node = NodeProto { op_type: op.to_owned(), attribute, ..NodeProto::default() };
    let data = Data::new(0, None);
    let inputs = inputs.into_iter().map(Some).collect();
    operator(op).unwrap()(&Call { node: &node, inputs, data: &data })
}

fn computed(op: &str, attributes: Vec<AttributeProto>, inputs: Vec<Tensor>) -> Tensor {
    call(op, attributes, inputs).unwrap_or_else(|refusal| panic!("{op}: {refusal}"))
}

#[test]
fn arithmetic_repeats_what_is_shorter() {
    let (a, b) = (floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0]), floats(&[2], &[10.0, 100.0]));
    assert_eq!(
        computed("Add", vec![], vec![a.clone(), b.clone()]),
        floats(&[2, 2], &[11.0, 102.0, 13.0, 104.0])
    );
    let column = floats(&[2, 1], &[10.0, 100.0]);
    assert_eq!(
        computed("Mul", vec![], vec![b.clone(), column]),
        floats(&[2, 2], &[100.0, 1000.0, 1000.0, 1e4])
    );
    assert_eq!(computed("Div", vec![], vec![whole(&[], &[7]), whole(&[], &[2])]), whole(&[], &[3]));
    assert_eq!(
        computed("Max", vec![], vec![b.clone(), floats(&[], &[50.0]), b.clone()]),
        floats(&[2], &[50.0, 100.0])
    );
    assert!(call("Add", vec![], vec![a.clone(), floats(&[3], &[0.0; 3])]).is_err());
    assert!(call("Div", vec![], vec![whole(&[], &[7]), whole(&[], &[0])]).is_err());
    let above = computed("Greater", vec![], vec![a.clone(), floats(&[], &[2.0])]);
    let chosen = computed("Where", vec![], vec![above, a, floats(&[], &[-1.0])]);
    assert_eq!(chosen, floats(&[2, 2], &[-1.0, -1.0, 3.0, 4.0]));
}

#[test]
fn whole_numbers_wrap_around_at_the_limits_of_their_type() {
    use Integer::{I8, I16, U8, U32};
    let of = |of: Integer, values: &[i64]| integers(of, &[values.len()], values);
    for (op, of, a, b, expected) in [
        ("Sub", U8, vec![0, 127, 200], 128, [128, 255, 72]),
        ("Add", U8, vec![1, 55, 250], 201, [202, 0, 195]),
        ("Mul", I8, vec![1, 64, 100], 2, [2, -128, -56]),
        ("Add", I16, vec![0, 32767, -1], 1, [1, -32768, 0]),
        ("Mul", U32, vec![1, 65536, 65537], 65536, [65536, 0, 65536]),
    ] {
        let found = computed(op, vec![], vec![integers(of, &[3], &a), integers(of, &[], &[b])]);
        assert_eq!(found, integers(of, &[3], &expected), "{op}");
    }
    for op in ["Neg", "Abs"] {
        let found = computed(op, vec![], vec![of(I8, &[-128, if op == "Neg" { -5 } else { 5 }])]);
        assert_eq!(found, of(I8, &[-128, 5]), "{op}");
    }
    let sum = computed("ReduceSum", vec![int("keepdims", 0)], vec![of(U8, &[200, 100])]);
    assert_eq!(sum, integers(U8, &[], &[44]));
    assert!(
        call("Add", vec![], vec![of(U8, &[1]), of(I8, &[1])]).is_err(),
        "no type that they have together"
    );
}

#[test]
fn casts_give_what_the_type_holds() {
    let cast = |to: i32, tensor: Tensor| call("Cast", vec![int("to", to.into())], vec![tensor]);
    let bytes = integers(Integer::U8, &[3], &[0, 127, 255]);
    assert_eq!(cast(data_type::INT8, bytes.clone()).unwrap(), integers(Integer::I8, &[3], &[0, 127, -1]));
    assert_eq!(cast(data_type::INT32, bytes).unwrap(), integers(Integer::I32, &[3], &[0, 127, 255]));
    let numbers = |values: &[f32]| floats(&[values.len()], values);
    assert_eq!(
        cast(data_type::INT8, numbers(&[-128.9, 1.7])).unwrap(),
        integers(Integer::I8, &[2], &[-128, 1])
    );
    for beyond in [-129.0, 128.0, f32::NAN] {
        let refusal = cast(data_type::INT8, numbers(&[beyond])).unwrap_err().to_string();
        assert!(refusal.contains("expected numbers that INT8 holds"), "{refusal}");
    }
    assert_eq!(cast(data_type::FLOAT16, numbers(&[0.1, 2049.0])).unwrap(), numbers(&[0.099_975_586, 2048.0]));
    assert_eq!(cast(data_type::BFLOAT16, numbers(&[0.1, 257.0])).unwrap(), numbers(&[0.100_097_656, 256.0]));
}

#[test]
fn values_move_as_in_numpy() {
    let a = || floats(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(computed("Transpose", vec![], vec![a()]), floats(&[3, 2], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
    assert_eq!(computed("Reshape", vec![], vec![a(), whole(&[2], &[0, -1])]), a());
    assert_eq!(computed("Flatten", vec![int("axis", 0)], vec![a()]).dims, [1, 6]);
    let slice = |starts: &[i64], ends: &[i64], axes: &[i64], steps: &[i64]| {
        let list = |values: &[i64]| whole(&[values.len()], values);
        computed("Slice", vec![], vec![a(), list(starts), list(ends), list(axes), list(steps)])
    };
    assert_eq!(slice(&[1], &[i64::MAX], &[-1], &[1]), floats(&[2, 2], &[1.0, 2.0, 4.0, 5.0]));
    assert_eq!(slice(&[-1, 0], &[i64::MIN, 1], &[1, 0], &[-2, 1]), floats(&[1, 2], &[2.0, 0.0]));
    assert_eq!(slice(&[0], &[-1], &[1], &[2]), floats(&[2, 1], &[0.0, 3.0]));
    let gathered = computed("Gather", vec![int("axis", 1)], vec![a(), whole(&[2], &[2, -3])]);
    assert_eq!(gathered, floats(&[2, 2], &[2.0, 0.0, 5.0, 3.0]));
    assert_eq!(computed("Gather", vec![], vec![a(), whole(&[], &[1])]), floats(&[3], &[3.0, 4.0, 5.0]));
    assert!(call("Gather", vec![], vec![a(), whole(&[], &[2])]).is_err());
    let joined = computed("Concat", vec![int("axis", 1)], vec![a(), floats(&[2, 1], &[8.0, 9.0])]);
    assert_eq!(joined, floats(&[2, 4], &[0.0, 1.0, 2.0, 8.0, 3.0, 4.0, 5.0, 9.0]));
    assert_eq!(computed("Unsqueeze", vec![ints("axes", &[0, -1])], vec![a()]).dims, [1, 2, 3, 1]);
    assert_eq!(computed("Squeeze", vec![], vec![floats(&[1, 2, 1], &[1.0, 2.0])]).dims, [2]);
    assert_eq!(computed("Expand", vec![], vec![floats(&[1], &[7.0]), whole(&[2], &[2, 1])]).dims, [2, 1]);
    assert_eq!(computed("Shape", vec![], vec![a()]), whole(&[2], &[2, 3]));
}

#[test]
fn reductions_and_conversions() {
    let a = || floats(&[2, 2], &[3.0, 4.0, 6.0, 8.0]);
    assert_eq!(computed("ReduceL2", vec![ints("axes", &[1])], vec![a()]), floats(&[2, 1], &[5.0, 10.0]));
    assert_eq!(
        computed("ReduceSum", vec![int("keepdims", 0)], vec![a(), whole(&[1], &[0])]),
        floats(&[2], &[9.0, 12.0])
    );
    assert_eq!(computed("ReduceMean", vec![int("keepdims", 0)], vec![a()]), floats(&[], &[5.25]));
    let bytes = || whole(&[2, 2], &[1, 2, 3, -4]);
    let scales = || floats(&[2], &[0.5, 10.0]);
    let by_row = computed("DequantizeLinear", vec![int("axis", 0)], vec![bytes(), scales()]);
    assert_eq!(by_row, floats(&[2, 2], &[0.5, 1.0, 30.0, -40.0]));
    let zeros = whole(&[2], &[1, 0]);
    let by_column = computed("DequantizeLinear", vec![int("axis", 1)], vec![bytes(), scales(), zeros]);
    assert_eq!(by_column, floats(&[2, 2], &[0.0, 20.0, 1.0, -40.0]));
    assert!(call("DequantizeLinear", vec![], vec![bytes(), floats(&[3], &[1.0; 3])]).is_err());
    assert_eq!(computed("Cast", vec![int("to", 7)], vec![floats(&[2], &[1.9, -1.9])]), whole(&[2], &[1, -1]));
}

#[test]
fn what_is_larger_than_the_file_suffices_for_is_refused_before_it_is_made() {
    let huge = || whole(&[2], &[1 << 20, 1 << 20]);
    for (op, inputs) in [
        ("Expand", vec![floats(&[], &[1.0]), huge()]),
        ("ConstantOfShape", vec![huge()]),
        ("Gather", vec![floats(&[1, 1 << 16], &[0.0; 1 << 16]), whole(&[2], &[0, 0])]),
    ] {
        let refusal = call(op, vec![], inputs).unwrap_err().to_string();
        assert!(refusal.contains("no more to be computed from constants"), "{op}: {refusal}");
    }
    let (row, column) = (floats(&[1, 1 << 10], &[0.0; 1 << 10]), floats(&[1 << 10, 1], &[0.0; 1 << 10]));
    assert!(call("Add", vec![], vec![row, column]).is_err());
}

#[test]
fn movements_keep_examples_apart() {
    let moved = |op: &str, attribute: Vec<AttributeProto>, example: &[usize], other: Option<Tensor>| {
        let node = NodeProto { op_type: op.to_owned(), attribute, ..NodeProto::default() };
        movement(&node, example, None, vec![other], &Data::new(0, None))
    };
    let keep =
        |op, attributes, example: &[usize], other| moved(op, attributes, example, other).unwrap().unwrap();
    let to = |dims: Vec<usize>, places: Vec<usize>| Movement { dims, places };
    let shape = |to: &[i64]| Some(whole(&[to.len()], to));
    assert_eq!(keep("Reshape", vec![], &[2, 3], shape(&[-1, 6])), to(vec![6], (0..6).collect()));
    let of_examples = Tensor { dims: vec![2], values: Values::Sizes(vec![None, Some(-1)]) };
    assert_eq!(keep("Reshape", vec![], &[2, 3], Some(of_examples)).dims, [6]);
    let turned = keep("Transpose", vec![ints("perm", &[0, 2, 1])], &[2, 3], None);
    assert_eq!(turned, to(vec![3, 2], vec![0, 3, 1, 4, 2, 5]));
    assert_eq!(keep("Gather", vec![int("axis", 1)], &[3], Some(whole(&[], &[2]))), to(vec![], vec![2]));
    for (op, attributes, other) in [
        ("Reshape", vec![], shape(&[-1, 3])),
        ("Reshape", vec![], shape(&[1, 18])),
        ("Transpose", vec![ints("perm", &[1, 0, 2])], None),
        ("Gather", vec![], Some(whole(&[], &[0]))),
        ("Gather", vec![], Some(whole(&[3], &[1, 0, 2]))),
    ] {
        assert!(moved(op, attributes, &[2, 3], other).is_err(), "{op}");
    }
    assert!(moved("Relu", vec![], &[2], None).unwrap().is_none());
}
