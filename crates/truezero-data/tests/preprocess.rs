//! Preprocessing is fitted on the training part only, stored, and replayed.

use truezero_data::preprocess::{Fitter, LIMIT, PreprocessOptions, Preprocessing, Scaling};
use truezero_data::text::{TextOptions, Weighting};
use truezero_data::{
    Column, ColumnValues, Features, ImageShape, Notices, Raw, RawTarget, Table, Targets, Task, WideBatch,
};
use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

fn numbers(values: &[f64]) -> ColumnValues {
    ColumnValues::Numbers(values.to_vec())
}

/// Categories; "-" where missing.
fn words(values: &[&str]) -> ColumnValues {
    ColumnValues::Categories(
        values.iter().map(|&word| Some(word.to_owned()).filter(|word| word != "-")).collect(),
    )
}

fn texts(values: &[&str]) -> ColumnValues {
    ColumnValues::Text(values.iter().map(|&text| text.to_owned()).collect())
}

fn table(columns: Vec<(&str, ColumnValues)>) -> Features {
    let rows = columns.first().map_or(0, |(_, values)| match values {
        ColumnValues::Numbers(values) => values.len(),
        ColumnValues::Categories(values) => values.len(),
        ColumnValues::Text(values) => values.len(),
    });
    let columns =
        columns.into_iter().map(|(name, values)| Column { name: name.to_owned(), values }).collect();
    Features::Table(Table { rows, columns, ..Table::default() })
}

fn labels(values: &[&str]) -> RawTarget {
    RawTarget::Labels(values.iter().map(|&label| label.to_owned()).collect())
}

fn raw(features: Features, target: RawTarget) -> Raw {
    Raw { features, target: Some(target), image: None }
}

fn people() -> Raw {
    let columns = vec![
        ("age", numbers(&[20.0, 40.0, f64::NAN, 60.0, 1e6])),
        ("colour", words(&["red", "-", "blue", "red", "green"])),
        ("height", numbers(&[1.0, 1.0, 1.0, 1.0, 3.0])),
        ("note", texts(&["old cat", "cat", "", "old dog", "bird"])),
    ];
    raw(table(columns), labels(&["yes", "no", "no", "yes", "perhaps"]))
}

fn row(batch: &Batch, example: usize) -> Vec<f32> {
    match batch {
        Batch::Dense(batch) => batch.row(example).to_vec(),
        Batch::Active(batch) => {
            let mut row = vec![0.0; batch.width()];
            let (indices, values) = batch.example(example);
            indices.iter().zip(values).for_each(|(&index, &value)| row[index as usize] = value);
            row
        }
    }
}

fn fit(raw: &Raw, rows: &[usize]) -> Preprocessing {
    Preprocessing::fit(raw, rows, &PreprocessOptions::default()).unwrap()
}

fn fit_error(raw: &Raw, options: &PreprocessOptions) -> String {
    let rows: Vec<usize> = (0..raw.examples()).collect();
    Preprocessing::fit(raw, &rows, options).unwrap_err().to_string()
}

#[test]
fn each_kind_of_column_becomes_its_inputs() {
    let preprocessing = fit(&people(), &[0, 1, 2, 3]);
    let names = preprocessing.input_names().unwrap();
    let expected = [
        "age",
        "age is missing",
        "colour=blue",
        "colour=red",
        "colour is missing",
        "height",
        "note: cat",
        "note: dog",
        "note: old",
    ];
    assert_eq!(names, expected);
    assert_eq!(preprocessing.width(), 9);
    assert_eq!(preprocessing.text_columns(), ["note"]);
    let inputs = preprocessing.inputs(people().features, &Notices::default()).unwrap();
    let low = -20.0 / (800.0f64 / 3.0).sqrt() as f32;
    assert_eq!(row(&inputs, 0), [low, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    assert_eq!(row(&inputs, 1), [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(row(&inputs, 2), [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    // An age beyond the limit, a level, a term and a height never seen; a column that did not vary is only shifted.
    assert_eq!(row(&inputs, 4), [LIMIT as f32, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0]);
}

#[test]
fn held_out_rows_do_not_influence() {
    let everything = people();
    let mut changed = people();
    let Features::Table(table) = &mut changed.features else { unreachable!() };
    for column in &mut table.columns {
        match &mut column.values {
            ColumnValues::Numbers(values) => values[4] = -7.0,
            ColumnValues::Categories(values) => values[4] = None,
            ColumnValues::Text(values) => values[4] = "quite other words".to_owned(),
        }
    }
    changed.target = Some(labels(&["yes", "no", "no", "yes", "other"]));
    assert_eq!(fit(&everything, &[0, 1, 2, 3]), fit(&changed, &[0, 1, 2, 3]));
    assert_ne!(fit(&everything, &[0, 1, 2, 3, 4]), fit(&changed, &[0, 1, 2, 3, 4]));
}

#[test]
fn a_table_is_kept_in_the_form_that_suits_its_density() {
    let preprocessing = fit(&people(), &[0, 1, 2, 3]);
    assert!(matches!(
        preprocessing.inputs(people().features, &Notices::default()).unwrap(),
        Batch::Active(_)
    ));
    let dense = raw(table(vec![("x", numbers(&[1.0, 2.0]))]), labels(&["a", "b"]));
    assert!(matches!(
        fit(&dense, &[0, 1]).inputs(dense.features, &Notices::default()).unwrap(),
        Batch::Dense(_)
    ));
}

#[test]
fn numbers_are_scaled_as_asked() {
    let raw = raw(table(vec![("x", numbers(&[2.0, 4.0, 6.0]))]), labels(&["a", "b", "b"]));
    let scaled = |scaling: Scaling| {
        let options = PreprocessOptions { scaling, ..PreprocessOptions::default() };
        let preprocessing = Preprocessing::fit(&raw, &[0, 1, 2], &options).unwrap();
        let inputs = preprocessing.inputs(raw.features.clone(), &Notices::default()).unwrap();
        [0, 1, 2].map(|example| row(&inputs, example)[0])
    };
    assert_eq!(scaled(Scaling::None), [2.0, 4.0, 6.0]);
    assert_eq!(scaled(Scaling::UnitRange), [0.0, 0.5, 1.0]);
    let high = 2.0 / (8.0f64 / 3.0).sqrt() as f32;
    assert_eq!(scaled(Scaling::Standardize), [-high, 0.0, high]);
    assert_eq!(scaled(Scaling::Auto), scaled(Scaling::Standardize));
}

#[test]
fn columns_are_found_by_name_and_may_look_like_another_kind() {
    let preprocessing = fit(&people(), &[0, 1, 2, 3]);
    let inputs = |columns| {
        preprocessing.inputs(table(columns), &Notices::default()).map_err(|error| error.to_string())
    };
    // In another order, with another column between; a gap only, numbers for words, categories for text.
    let read = inputs(vec![
        ("note", words(&["old", "-"])),
        ("unknown", words(&["a", "b"])),
        ("height", words(&["-", "-"])),
        ("colour", numbers(&[1.0, f64::NAN])),
        ("age", numbers(&[40.0, 40.0])),
    ]);
    assert_eq!(row(&read.clone().unwrap(), 0), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(row(&read.unwrap(), 1), [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(
        inputs(vec![("age", numbers(&[1.0])), ("note", words(&["old"])), ("height", numbers(&[2.0]))])
            .unwrap_err(),
        "columns: expected \"colour\", on which the model was trained, found only age, note, height"
    );
    assert_eq!(
        inputs(vec![("age", numbers(&[1.0]))]).unwrap_err(),
        "columns: expected \"colour\", \"height\", \"note\", on which the model was trained, found only age"
    );
    let inputs = |age| {
        let gap = || words(&["-", "-"]);
        inputs(vec![("age", age), ("colour", gap()), ("height", gap()), ("note", gap())])
    };
    assert_eq!(
        inputs(words(&["-", "old"])).unwrap_err(),
        "row 2, column \"age\": expected a number, as in training, found \"old\""
    );
    assert_eq!(
        inputs(texts(&["old"])).unwrap_err(),
        "column \"age\": expected numbers, as in training, found text"
    );
    assert_eq!(
        inputs(numbers(&[1.0, f64::INFINITY])).unwrap_err(),
        "row 2, column \"age\": expected a finite 32-bit number after scaling, found inf"
    );
    let matrix = Features::Matrix(Batch::Dense(DenseBatch::zeros(1, 9)));
    let error = preprocessing.inputs(matrix, &Notices::default()).unwrap_err().to_string();
    assert_eq!(error, "inputs: expected a table, as in training, found a matrix of 9 columns without names");
}

#[test]
fn levels_that_are_numbers_are_found_by_value() {
    let fitted = raw(table(vec![("code", words(&["01", "2", "x"]))]), labels(&["a", "b", "b"]));
    let preprocessing = fit(&fitted, &[0, 1, 2]);
    let inputs =
        preprocessing.inputs(table(vec![("code", numbers(&[2.0, 1.0, 3.0]))]), &Notices::default()).unwrap();
    let rows = [0, 1, 2].map(|example| row(&inputs, example));
    assert_eq!(rows, [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]);
}

#[test]
fn images_keep_their_zeros() {
    let pixels = DenseBatch::from_rows(2, &[0.0, 50.0, 200.0, 0.0, 255.0, 0.0]);
    let mut raw = raw(Features::Matrix(Batch::Dense(pixels)), labels(&["a", "b", "b"]));
    raw.image = Some(ImageShape { height: 1, width: 2, channels: 1 });
    let inputs = fit(&raw, &[0, 1]).inputs(raw.features, &Notices::default()).unwrap();
    assert_eq!(inputs, Batch::Dense(DenseBatch::from_rows(2, &[0.0, 0.25, 1.0, 0.0, 1.275, 0.0])));
}

fn sparse(rows: &[&[(u32, f32)]], width: usize) -> Batch {
    let mut batch = ActiveBatch::new(width);
    rows.iter().for_each(|row| batch.push(row.iter().copied()));
    Batch::Active(batch)
}

#[test]
fn sparse_matrices_keep_their_zeros() {
    let matrix = || sparse(&[&[(0, 2.0), (1, -8.0)], &[(0, 4.0)], &[(1, 2.0), (2, 3.0)]], 3);
    let raw = raw(Features::Matrix(matrix()), labels(&["a", "b", "b"]));
    let scaled = |scaling| {
        let options = PreprocessOptions { scaling, ..PreprocessOptions::default() };
        Preprocessing::fit(&raw, &[0, 1], &options)
            .unwrap()
            .inputs(raw.features.clone(), &Notices::default())
            .unwrap()
    };
    // The third column was all zero in training.
    let expected = sparse(&[&[(0, 0.5), (1, -1.0)], &[(0, 1.0)], &[(1, 0.25), (2, 3.0)]], 3);
    assert_eq!(scaled(Scaling::Auto), expected);
    assert_eq!(scaled(Scaling::UnitRange), expected);
    assert_eq!(scaled(Scaling::None), matrix());
    // Deviations, zeros included: 1 for (2, 4), 4 for (−8, 0).
    let expected = sparse(&[&[(0, 2.0), (1, -2.0)], &[(0, 4.0)], &[(1, 0.5), (2, 3.0)]], 3);
    assert_eq!(scaled(Scaling::Standardize), expected);
}

#[test]
fn a_matrix_of_another_width_is_refused() {
    let fitted = raw(Features::Matrix(sparse(&[&[(0, 1.0)], &[(2, 4.0)]], 3)), labels(&["a", "b"]));
    let preprocessing = fit(&fitted, &[0, 1]);
    let inputs = |batch| {
        preprocessing.inputs(Features::Matrix(batch), &Notices::default()).map_err(|error| error.to_string())
    };
    assert_eq!(inputs(sparse(&[&[(0, 2.0)]], 3)).unwrap(), sparse(&[&[(0, 2.0)]], 3));
    let expected = |found: usize| format!("inputs: expected 3 columns, as in training, found {found}");
    for found in [1, 4] {
        assert_eq!(inputs(sparse(&[&[(0, 2.0)]], found)).unwrap_err(), expected(found));
    }
    assert_eq!(inputs(Batch::Dense(DenseBatch::zeros(1, 2))).unwrap_err(), expected(2));
    // A table of numbers most of which are zeros.
    let columns = table(vec![("a", numbers(&[0.0, 0.0, 2.0])), ("b", numbers(&[0.0; 3]))]);
    let error = preprocessing.inputs(columns, &Notices::default()).unwrap_err();
    assert_eq!(error.to_string(), expected(2));
    // The same numbers in the other form.
    assert_eq!(
        inputs(Batch::Dense(DenseBatch::from_rows(3, &[2.0, 0.0, 2.0]))).unwrap(),
        Batch::Dense(DenseBatch::from_rows(3, &[2.0, 0.0, 0.5]))
    );
}

#[test]
fn a_model_of_a_dense_matrix_takes_sparse_ones_and_tables_of_numbers() {
    let matrix = DenseBatch::from_rows(2, &[1.0, 10.0, 3.0, 30.0]);
    let preprocessing = fit(&raw(Features::Matrix(Batch::Dense(matrix)), labels(&["a", "b"])), &[0, 1]);
    let expected = Batch::Dense(DenseBatch::from_rows(2, &[-2.0, 1.0]));
    let inputs =
        |features| preprocessing.inputs(features, &Notices::default()).map_err(|error| error.to_string());
    assert_eq!(inputs(Features::Matrix(sparse(&[&[(1, 30.0)]], 2))).unwrap(), expected);
    let columns = |second| table(vec![("a", numbers(&[0.0])), ("b", second)]);
    assert_eq!(inputs(columns(numbers(&[30.0]))).unwrap(), expected);
    let wrong = "column \"b\": expected numbers, as the model was trained on a matrix, found";
    assert_eq!(inputs(columns(words(&["x"]))).unwrap_err(), format!("{wrong} words"));
    assert_eq!(inputs(columns(numbers(&[f64::NAN]))).unwrap_err(), format!("{wrong} a missing value"));
}

#[test]
fn of_many_levels_the_most_frequent_are_kept_and_the_others_told() {
    let names: Vec<String> =
        (0..1001).map(|at| format!("name {at}")).chain(["name 1000".to_owned()]).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut target = vec!["a"; 1002];
    target[0] = "b";
    let many = raw(table(vec![("name", words(&names))]), labels(&target));
    let options = PreprocessOptions::default();
    let fitted = Preprocessing::fit(&many, &(0..1002).collect::<Vec<_>>(), &options).unwrap();
    assert_eq!(fitted.width(), 1000);
    let inputs = fitted.input_names().unwrap();
    assert!(inputs.contains(&"name=name 1000".to_owned()) && !inputs.contains(&"name=name 999".to_owned()));
    let told: Vec<String> = options.notices.all().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "column \"name\": more than 1000 different words; the most frequent ones are levels, and 1 cells with others \
          say nothing\nhint: if it is running text, pass --text name; --ignore name leaves it out"
        ]
    );
}

#[test]
fn what_cannot_be_fitted_is_named() {
    let default = PreprocessOptions::default();
    let mute = raw(table(vec![("note", texts(&["…", ""]))]), labels(&["a", "b"]));
    assert_eq!(fit_error(&mute, &default), "column \"note\": expected at least one word, found none");
    let huge = raw(table(vec![("x", numbers(&[1e308, -1e308]))]), labels(&["a", "b"]));
    let error = "row 1, column \"x\": expected a number up to 1e140, found 1e308";
    assert_eq!(fit_error(&huge, &default), error);
    let mut none = people();
    none.target = None;
    assert_eq!(
        fit_error(&none, &default),
        "target: expected one for each example, found none\nhint: name its column with --target, or a file of targets with --labels"
    );
    let few = raw(people().features, labels(&["a", "b"]));
    assert_eq!(fit_error(&few, &default), "targets: expected 5, one for each example, found 2");
    let error = Preprocessing::fit(&people(), &[], &default).unwrap_err().to_string();
    assert_eq!(error, "training part: expected at least one example, found none");
}

#[test]
fn a_dataset_holds_inputs_and_targets() {
    let preprocessing = fit(&people(), &[0, 1, 2, 3]);
    let error = preprocessing.dataset(people(), &Notices::default()).unwrap_err().to_string();
    let expected = "label of row 5: expected one of the labels no, yes, \
                    found \"perhaps\", which was not seen in training";
    assert_eq!(error, expected);
    let dataset = fit(&people(), &[0, 1, 2, 3, 4]).dataset(people(), &Notices::default()).unwrap();
    assert_eq!(dataset.targets, Targets::Classes { labels: vec![2, 0, 0, 2, 1], classes: 3 });
    assert_eq!((dataset.examples(), dataset.inputs.width()), (5, 11));
}

#[test]
fn what_is_stored_is_replayed_bit_for_bit() {
    let text = TextOptions { weighting: Weighting::TfIdf, ngrams: 2, ..TextOptions::default() };
    let options = PreprocessOptions { text, ..PreprocessOptions::default() };
    let quantities = RawTarget::Numbers(vec![0.1, 0.2, 0.1 + 0.2, 1.0 / 3.0, 1e-9].into());
    let people = raw(people().features, quantities);
    let fitted = Preprocessing::fit(&people, &[0, 1, 2, 3, 4], &options).unwrap();
    let stored = serde_json::to_string(&fitted).unwrap();
    let read: Preprocessing = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, fitted);
    assert_eq!(read.task(), Task::Regress);
    assert_eq!(
        read.dataset(people.clone(), &Notices::default()).unwrap(),
        fitted.dataset(people, &Notices::default()).unwrap()
    );
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
}

#[test]
fn examples_in_pieces_give_the_rules_of_all_together() {
    let dense = DenseBatch::from_rows(2, &[1.0, 0.1, 2.5, 0.3, -3.0, 0.7, 8.0, 0.9]);
    let mut sparse = ActiveBatch::new(3);
    for row in [&[(0, 2.0)][..], &[(1, -3.5), (2, 1.0)], &[], &[(0, 0.3), (2, 1.0)]] {
        sparse.push(row.iter().copied());
    }
    let quantities = RawTarget::Numbers(vec![0.1, 2.7, -3.2, 1e3].into());
    let flags = RawTarget::Rows { width: 2, values: vec![0., 1., 1., 1., 0., 0., 1., 0.], names: vec![] };
    let sets = [vec!["b"], vec![], vec!["a", "b"], vec!["c"]];
    let sets = sets.map(|set| set.into_iter().map(str::to_owned).collect()).to_vec();
    let sources = [
        people(),
        raw(Features::Matrix(Batch::Dense(dense.clone())), quantities),
        raw(
            Features::Matrix(Batch::Active(sparse.clone())),
            RawTarget::Numbers(vec![1.0, 3.0, 2.0, 3.0].into()),
        ),
        raw(Features::Matrix(Batch::Active(sparse)), flags),
        raw(Features::Matrix(Batch::Dense(dense)), RawTarget::Sets(sets)),
    ];
    for source in &sources {
        for scaling in [Scaling::Auto, Scaling::None, Scaling::UnitRange, Scaling::Standardize] {
            let options = PreprocessOptions { scaling, ..Default::default() };
            let rows: Vec<usize> = (0..source.examples()).collect();
            let whole = Preprocessing::fit(source, &rows, &options).unwrap();
            let mut fitter = Fitter::new(&options);
            for _ in 0..Fitter::PASSES {
                fitter.begin();
                for piece in [&rows[..1], &rows[1..1], &rows[1..3], &rows[3..]] {
                    fitter.see(source, piece).unwrap();
                }
            }
            assert_eq!(fitter.finish().unwrap(), whole);
        }
    }

    // What comes later must be of the kind of what came before.
    let mut fitter = Fitter::new(&PreprocessOptions::default());
    fitter.begin();
    fitter.see(&sources[1], &[0]).unwrap();
    let error = |fitter: &mut Fitter, at: usize| fitter.see(&sources[at], &[0]).unwrap_err().to_string();
    assert!(error(&mut fitter, 0).starts_with("target: expected targets of the same kind as before"));
    assert!(error(&mut fitter, 2).starts_with("inputs: expected 2 columns, as before"));
}

#[test]
fn numbers_far_from_all_others_are_told_and_do_not_set_the_scale() {
    let options = |scaling| PreprocessOptions { scaling, ..PreprocessOptions::default() };
    let far = |at: usize| if at == 7 { 1e6 } else { (at % 2 * 2 + 1) as f64 };
    // Rare ones say what the column has to say.
    let rare = |at: usize| if at == 9 { 1.0 } else { 0.0 };
    let of = |number: fn(usize) -> f64| (0..201).map(number).collect::<Vec<f64>>();
    let columns = [of(far), of(rare)];
    let matrix: Vec<f64> = (0..201).flat_map(|row| columns.each_ref().map(|column| column[row])).collect();
    let answers = RawTarget::Numbers(of(|at| at as f64).into());
    let rows: Vec<usize> = (0..201).collect();
    for features in [
        table(vec![("a", numbers(&columns[0])), ("b", numbers(&columns[1]))]),
        Features::Wide(WideBatch::from_rows(2, matrix)),
    ] {
        let name = if matches!(features, Features::Table(_)) { "\"a\"" } else { "column 1" };
        let source = raw(features, answers.clone());
        let options = options(Scaling::Auto);
        let fitted = Preprocessing::fit(&source, &rows, &options).unwrap();
        let scales = fitted.for_inputs().scales().unwrap();
        assert!(
            (scales.shifts[0] - 2.0).abs() < 0.01 && (scales.divisors[0] - 1.0).abs() < 0.01,
            "{scales:?}"
        );
        assert!((scales.divisors[1] - 0.0704).abs() < 0.001, "{scales:?}");
        let told: Vec<String> = options.notices.all().iter().map(ToString::to_string).collect();
        let expected =
            format!("far values: 1 value of {name}, such as 1000000: more than 8 standard deviations ");
        assert!(told.len() == 1 && told[0].starts_with(&expected), "{told:?}");

        // In pieces, too; a third pass that nobody wants changes nothing.
        for scaling in [Scaling::Auto, Scaling::UnitRange, Scaling::None] {
            let options = PreprocessOptions { scaling, ..options.clone() };
            let mut fitter = Fitter::new(&options);
            for _ in 0..Fitter::PASSES {
                fitter.begin();
                rows.chunks(50).for_each(|piece| fitter.see(&source, piece).unwrap());
            }
            assert_eq!(fitter.finish().unwrap(), Preprocessing::fit(&source, &rows, &options).unwrap());
        }
    }
}

#[test]
fn whatever_is_finite_is_within_the_limit() {
    let features = |values: &[f64]| table(vec![("x", numbers(values))]);
    let fitted = fit(&raw(features(&[1.0, 2.0, 3.0]), labels(&["a", "b", "a"])), &[0, 1, 2]);
    let inputs = fitted.inputs(features(&[1e39, -1e300, f64::MAX]), &Notices::default()).unwrap();
    let limit = LIMIT as f32;
    assert_eq!([0, 1, 2].map(|at| row(&inputs, at)[0]), [limit, -limit, limit]);
}

#[test]
fn columns_without_any_value_in_training_are_told() {
    let values = [
        ("x", ColumnValues::Numbers(vec![1.0, 2.0])),
        ("gone", ColumnValues::Numbers(vec![f64::NAN; 2])),
        ("nothing", ColumnValues::Categories(vec![None, None])),
    ];
    let columns = values.map(|(name, values)| Column { name: name.to_owned(), values }).to_vec();
    let raw = Raw {
        features: Features::Table(Table { rows: 2, columns, ..Table::default() }),
        target: Some(RawTarget::Labels(vec!["a".to_owned(), "b".to_owned()])),
        image: None,
    };
    let options = PreprocessOptions::default();
    Preprocessing::fit(&raw, &[0, 1], &options).unwrap();
    let told: Vec<String> = options.notices.all().iter().map(|notice| notice.message.clone()).collect();
    assert_eq!(
        told,
        ["no training example has a value, so that nothing is learned from them: gone, nothing"]
    );
}
