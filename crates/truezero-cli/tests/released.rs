//! Models that a release wrote are read, and predict what they predicted then.

mod common;

use std::path::Path;

use common::Place;

fn model(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/released").join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_model_of_a_table_predicts_as_ever() {
    let place = Place::new();
    place.write("new.csv", "size,weight,colour\n0.1,2.2,red\n,1.0,green\n2.2,-0.1,violet\n");
    let predicted = place.ok(&["predict", &model("table.safetensors"), "new.csv"]);
    let expected = "label,probability_a,probability_b,probability_c\n\
                    a,0.4029244,0.33843324,0.2586424\n\
                    b,0.20865047,0.5048207,0.28652877\n\
                    c,0.20855379,0.21906224,0.57238394\n";
    assert_eq!(predicted, expected);
}

#[test]
fn a_model_of_a_matrix_predicts_as_ever() {
    let place = Place::new();
    let rows = "5.691168308258057,6.64323616027832,5.660874366760254\n\
                2.3936855792999268,6.810711860656738,5.892749309539795\n\
                3.926093578338623,6.162236213684082,5.72914457321167\n";
    place.write("new.csv", rows);
    let predicted = place.ok(&["predict", &model("matrix.safetensors"), "new.csv"]);
    assert_eq!(predicted, "quantity\n16.551409\n11.526582\n14.190679\n");
}
