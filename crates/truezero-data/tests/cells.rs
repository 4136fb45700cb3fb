//! What becomes of the columns of a text table, and what is told of it.

use std::fmt::Write as _;
use std::sync::Arc;

use truezero_data::formats::{TableOptions, csv};
use truezero_data::{
    CellRules, Column, ColumnKind, ColumnValues, Decimal, Expected, Features, Input, Notices, Raw, Table,
    Task,
};

/// Reads a table; gives its columns, or the error, and what was told.
fn read(text: &str, options: &TableOptions) -> (Result<Vec<Column>, String>, Vec<String>) {
    let options = TableOptions { notices: Notices::default(), ..options.clone() };
    let raw = csv::parse(Input::from_bytes("t.csv", text.as_bytes()), &options);
    let columns = raw.map(|raw: Raw| match raw.features {
        Features::Table(Table { columns, .. }) => columns,
        Features::Matrix(_) | Features::Wide(_) => panic!("expected a table"),
    });
    let told = options.notices.all().iter().map(ToString::to_string).collect();
    (columns.map_err(|error| error.to_string()), told)
}

/// A table of a header and so many rows, each made of its number.
fn rows(header: &str, count: usize, row: impl Fn(usize) -> String) -> String {
    let mut text = format!("{header}\n");
    (0..count).for_each(|at| writeln!(text, "{}", row(at)).unwrap());
    text
}

fn target() -> TableOptions {
    TableOptions { target: Some("y".to_owned()), ..TableOptions::default() }
}

fn numbers(column: &Column) -> &[f64] {
    match &column.values {
        ColumnValues::Numbers(numbers) => numbers,
        other => panic!("expected numbers, found {other:?}"),
    }
}

fn words(column: &Column) -> Vec<&str> {
    match &column.values {
        ColumnValues::Categories(words) => words.iter().map(|word| word.as_deref().unwrap_or("")).collect(),
        other => panic!("expected words, found {other:?}"),
    }
}

#[test]
fn one_odd_cell_among_numbers_is_told_by_its_line() {
    let cell = |at: usize| if at == 2900 { "oops".to_owned() } else { format!("{}", at as f64 / 10.0) };
    let text = rows("x,z,y", 3000, |at| format!("{},{at},{}", cell(at), at % 2));
    let (error, _) = read(&text, &target());
    assert_eq!(
        error.unwrap_err(),
        "t.csv: line 2902, column \"x\": expected a number, as in 2999 of 3000 cells of the column, found \"oops\"\n\
         hint: --na-values oops takes it for a missing value; --ignore x leaves the column out"
    );
    let cells = CellRules { na_values: vec!["oops".into()], ..CellRules::default() };
    let (columns, told) = read(&text, &TableOptions { cells, ..target() });
    assert!(numbers(&columns.unwrap()[0])[2900].is_nan());
    assert!(told.is_empty());
    let (columns, _) = read(&text, &TableOptions { ignore: vec!["x".into()], ..target() });
    assert_eq!(columns.unwrap().iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["z"]);
}

#[test]
fn all_columns_that_cannot_be_used_are_named_at_once() {
    let text = rows("a,b,c,y", 60, |at| {
        let odd = |row: usize| if at == row { "?!".to_owned() } else { at.to_string() };
        format!("{},\"{},5\",{},{}", odd(30), at, odd(40), at % 2)
    });
    let error = read(&text, &target()).0.unwrap_err();
    for part in ["line 32, column \"a\"", "line 2, column \"b\"", "line 42, column \"c\"", "--decimal ,"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn notations_of_numbers_are_read_as_is_said() {
    let text = rows("x,share,price,y", 60, |at| format!("\"1.{:03},5\",{at}%,$ {at},{}", at, at % 2));
    let (error, _) = read(&text, &target());
    assert!(error.unwrap_err().contains("hint: --decimal , reads"));
    let cells = CellRules { decimal: Decimal::Comma, ..CellRules::default() };
    let columns = read(&text, &TableOptions { cells, ..target() }).0.unwrap();
    assert_eq!(numbers(&columns[0])[7], 1007.5);
    assert_eq!((numbers(&columns[1])[7], numbers(&columns[2])[7]), (7.0, 7.0));
}

#[test]
fn few_values_that_look_like_numbers_are_a_category_that_is_told() {
    let text = rows("grade,y", 200, |at| {
        format!("{},{}", if at == 50 { "K".into() } else { (at % 12).to_string() }, at % 2)
    });
    let (columns, told) = read(&text, &target());
    assert_eq!(words(&columns.unwrap()[0])[50], "K");
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("line 52, column \"grade\": a category, though most of it"), "{told:?}");
}

#[test]
fn ids_and_dates_are_left_out_and_told_unless_they_are_asked_for() {
    let text =
        rows("id,when,x,y", 100, |at| format!("user{at},2024-01-{:02} 10:00,{at},{}", at % 28 + 1, at % 2));
    let (columns, told) = read(&text, &target());
    assert_eq!(columns.unwrap().iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["x"]);
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("column \"id\": left out, as nearly every row"), "{told:?}");
    assert!(told[1].starts_with("column \"when\": left out, as it holds dates"), "{told:?}");
    let asked = TableOptions { columns: vec!["id".into(), "when".into()], ..target() };
    let (columns, told) = read(&text, &asked);
    assert_eq!(words(&columns.unwrap()[0])[3], "user3");
    assert!(told.is_empty());
}

#[test]
fn thousands_between_other_marks_are_told_and_times_of_day_are_left_out() {
    let numbers: [fn(usize) -> String; 4] = [
        |at| format!("1 {at:03}"),
        |at| format!("1\u{202f}{at:03}.5"),
        |at| format!("USD {at}"),
        |at| format!("{at}-"),
    ];
    for number in numbers {
        let error = read(&rows("x,z,y", 60, |at| format!("{},{at},a", number(at))), &target()).0.unwrap_err();
        let found = format!("found {:?}\nhint: ", number(0));
        assert!(error.starts_with("t.csv: line 2, column \"x\": expected a number without"), "{error}");
        assert!(error.contains(&found), "{error}");
        let as_target = rows("x,y", 60, |at| format!("{at},{}", number(at)));
        let error = read(&as_target, &target()).0.unwrap_err();
        assert!(error.starts_with("t.csv: line 2, column \"y\": expected a number without"), "{error}");
    }
    let text = rows("at,month,x,y", 60, |at| format!("16:{at:02},20{:02}-11,{at},a", at % 30));
    let (columns, told) = read(&text, &target());
    assert_eq!(columns.unwrap().iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["x"]);
    assert!(told.len() == 2 && told.iter().all(|told| told.contains("dates or times")), "{told:?}");
}

#[test]
fn a_delimiter_at_the_end_of_every_line_makes_no_column() {
    let text = rows("x,gone,y,", 60, |at| format!("{at},,{},", at % 2));
    let (columns, told) = read(&text, &target());
    assert_eq!(columns.unwrap().iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["x", "gone"]);
    assert_eq!(told, ["column 4: left out, as it has no name and no cell holds anything"]);
    let filled = rows("x,gone,y,", 60, |at| format!("{at},,{},{at}", at % 2));
    let (columns, _) = read(&filled, &target());
    assert_eq!(columns.unwrap().last().unwrap().name, "column 4");
}

#[test]
fn a_column_that_is_asked_for_must_be_there() {
    let error = |options: TableOptions| read("x,z,y\n1,2,a\n", &options).0.unwrap_err();
    let wrong = TableOptions { ignore: vec!["w".into()], ..target() };
    assert_eq!(
        error(wrong),
        "t.csv: ignored column \"w\": expected one of the columns x, z, y, found no column of that name"
    );
    let wrong = TableOptions { columns: vec!["w".into()], ..target() };
    assert!(error(wrong).starts_with("t.csv: column \"w\": expected one of the columns"));
}

#[test]
fn what_a_model_expects_is_read_and_nothing_else_is_looked_at() {
    let columns = [("x", ColumnKind::Number), ("flag", ColumnKind::Category), ("note", ColumnKind::Text)];
    let columns = columns.map(|(name, kind)| (name.to_owned(), kind)).to_vec();
    let expected = Some(Arc::new(Expected::Table { columns, cells: CellRules::default() }));
    let options = TableOptions { expected, ..TableOptions::default() };
    let (read_columns, _) = read("id,note,flag,x,id\n7,3,True,-,1\nu, so ,1, 5 ,\u{e9}\n", &options);
    let columns = read_columns.unwrap();
    assert_eq!(columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["note", "flag", "x"]);
    assert_eq!(words(&columns[1]), ["true", "1"]);
    assert!(numbers(&columns[2])[0].is_nan() && numbers(&columns[2])[1] == 5.0);
    // Words that equal names are data.
    let (rows, _) = read("x,flag,note\n1,flag,note\n", &options);
    assert_eq!(words(&rows.unwrap()[1]), ["flag"]);
    let error = |text: &str| read(text, &options).0.unwrap_err();
    assert_eq!(
        error("x,flag,note\n1,a,b\noops,a,b\n").lines().next().unwrap(),
        "t.csv: line 3, column \"x\": expected a number, as in training, found \"oops\""
    );
    assert_eq!(
        error("1,a,b\n2,a,b\n"),
        "t.csv: columns: expected \"x\", \"flag\", \"note\", on which the model was trained, found only 1, a, b"
    );
}

#[test]
fn a_matrix_model_does_not_take_a_header_for_data() {
    let options = TableOptions {
        expected: Some(Arc::new(Expected::Matrix { width: 2, image: None })),
        ..TableOptions::default()
    };
    for header in ["a,b,c", "0,1,2", ",b,c"] {
        let columns = read(&format!("{header}\n5,6,7\n8,9,10\n"), &options).0.unwrap();
        assert!(columns.iter().all(|column| numbers(column).len() == 2), "{header}");
    }
    assert_eq!(numbers(&read("5,6,7\n8,9,10\n", &options).0.unwrap()[0]), [5.0, 8.0]);
}

#[test]
fn targets_are_judged_as_features_are() {
    let task = |task| TableOptions { task, ..target() };
    let error = |cell: &dyn Fn(usize) -> String, options: &TableOptions| {
        read(&rows("x,y", 60, |at| format!("{at},{}", cell(at))), options).0.map(|_| ())
    };
    let comma = |at: usize| format!("\"{at},5\"");
    let odd = |at: usize| if at == 5 { "oops".to_owned() } else { format!("{at}.25") };
    for (cell, line, hint) in [
        (&comma as &dyn Fn(usize) -> String, 2, "--decimal ,"),
        (&|at| format!("\"1,0{at:02}\""), 2, "--decimal ."),
        (&odd, 7, "--na-values oops"),
        (&|at| format!("{at} kg"), 2, "plain number"),
        (&|at| format!("2024-01-{:02}", at % 28 + 1), 2, "--task classify"),
        (&|at| format!("user{at}"), 2, "--task classify"),
    ] {
        let message = error(cell, &target()).unwrap_err();
        assert!(message.starts_with(&format!("t.csv: line {line}, column \"y\": expected ")), "{message}");
        assert!(message.contains(hint) && message.contains("--task classify"), "{message}");
        assert_eq!(error(cell, &task(Some(Task::Classify))), Ok(()), "as classes");
        assert!(error(cell, &task(Some(Task::Regress))).is_err());
    }
    let few = |at: usize| if at == 5 { "K".to_owned() } else { (at % 4).to_string() };
    let (columns, told) = read(&rows("x,y", 60, |at| format!("{at},{}", few(at))), &target());
    assert!(columns.is_ok());
    assert!(told[0].starts_with("line 7, column \"y\": classes, though most of it"), "{told:?}");
}

#[test]
fn columns_mostly_of_numbers_are_told() {
    let column = |cell: &dyn Fn(usize) -> String| {
        read(&rows("x,c,y", 60, |at| format!("{},{},{}", cell(at), at % 3, at % 2)), &target())
    };
    for cell in [
        &(|at: usize| if at.is_multiple_of(2) { format!("({at}.20)") } else { format!("{at}.2") })
            as &dyn Fn(usize) -> String,
        &|at| format!("{at}.2 kg"),
        &|at| if at % 6 == 0 { "<0.5".to_owned() } else { format!("{at}.2") },
    ] {
        let error = column(cell).0.unwrap_err();
        assert!(error.starts_with("t.csv: line 2, column \"x\": expected a number without"), "{error}");
    }
    for word in ["*", "n.a"] {
        let (columns, told) = column(&|at| if at % 9 == 3 { word.to_owned() } else { format!("{at}.2") });
        assert_eq!(words(&columns.unwrap()[0])[3], word);
        let start =
            "line 5, column \"x\": a category, though most of it looks like numbers: 53 of 60 cells are";
        assert!(told[0].starts_with(start), "{told:?}");
    }
    let (columns, told) = column(&|at| format!("\u{2212}{at}.5"));
    assert_eq!((numbers(&columns.unwrap()[0])[3], told.len()), (-3.5, 0));
    let (columns, told) = column(&|at| format!("{} Jan 2019", at % 28 + 1));
    assert_eq!((columns.unwrap().len(), told.len()), (1, 1));
}

#[test]
fn booleans_among_ones_and_zeros_are_these() {
    let text =
        rows("x,y", 8, |at| format!("{},{}", ["True", "0", "1.0", "false"][at % 4], ["1", "False"][at % 2]));
    let options = TableOptions { columns: vec!["x".into()], ..target() };
    let columns = read(&text, &options).0.unwrap();
    assert_eq!(numbers(&columns[0])[..4], [1.0, 0.0, 1.0, 0.0]);
}

#[test]
fn an_index_of_pandas_is_left_out_whatever_it_is_called() {
    for (header, left_out) in [
        (",,x,y", 2),
        ("Unnamed: 0,,x,y", 2),
        ("Unnamed: 0.1,Unnamed: 0,x,y", 2),
        ("x,__index_level_0__,x2,y", 1),
        ("x,x2,,y", 0),
    ] {
        let (columns, told) =
            read(&rows(header, 4, |at| format!("{at},{},{},{}", at + 1, at * 2, at % 2)), &target());
        assert_eq!((columns.unwrap().len(), told.len()), (3 - left_out, left_out), "{header}: {told:?}");
    }
    let asked = TableOptions { columns: vec!["Unnamed: 0".into()], ..target() };
    assert_eq!(read("Unnamed: 0,y\n1,2\n3,4\n", &asked).0.unwrap().len(), 1);
}

#[test]
fn numbers_that_count_the_columns_are_a_header_for_a_model_without_names() {
    let read = |text: &str| {
        let width = text.lines().next().unwrap().split(',').count();
        let expected = Some(Arc::new(Expected::Matrix { width, image: None }));
        let (columns, told) = read(text, &TableOptions { expected, ..TableOptions::default() });
        (numbers(&columns.unwrap()[0]).len(), told.concat())
    };
    for (first, below) in [
        ("0,1", "0.5,2.5\n0.25,1.5\n"),
        ("1,2", "0.5,2.5\n0.25,1.5\n"),
        ("0.0,1.0", "0.5,2.5\n0.25,1.5\n"),
        ("0", "0.5\n0.25\n"),
        ("1,2,3", "1,5,7\n8,9,10\n"),
        ("0.0,1.0,2.0", "5,6,7\n8,9,10\n"),
    ] {
        let (rows, told) = read(&format!("{first}\n{below}"));
        assert_eq!(rows, 2, "{first}");
        assert!(told.starts_with("first line: taken for a header, as it counts the columns: "), "{told}");
    }
    for (first, below) in [
        ("2019,2020,2021", "5,6,7\n8,9,10\n"),
        ("2,1,0", "5,6,7\n8,9,10\n"),
        // It may be data as well.
        ("0,1", "0,5\n1,0\n"),
        ("0,1", "1,2\n2,3\n"),
    ] {
        let (rows, told) = read(&format!("{first}\n{below}"));
        assert_eq!(rows, 3, "{first}");
        let expected = format!(
            "first line: {first} is read as data, though it may name the columns\n\
             hint: --header=true takes it for a header, --header=false for data"
        );
        assert_eq!(told, expected);
    }
    for text in ["0\n1\n2\n", "0.5,1\n0.25,2\n7,8\n", "5,5\n1,2\n3,4\n"] {
        assert_eq!(read(text), (3, String::new()), "{text}");
    }
    assert_eq!(read("0,1,2\n"), (1, String::new()));
}

#[test]
fn empty_lines_of_a_single_column_are_told() {
    for ends in ["\n", "\r\n"] {
        let read = |text: &str| {
            let (columns, told) = read(&text.replace('\n', ends), &TableOptions::default());
            (numbers(&columns.unwrap()[0]).len(), told)
        };
        let told = "t.csv: empty lines passed over, though in a single column each may be a missing value: 3, such as \
                    \"above line 4\"";
        assert_eq!(read("x\n1\n\n2\n\n\n3\n\n"), (3, vec![told.to_owned()]));
        assert_eq!(read("x\n1\n2\n3\n"), (3, Vec::new()));
        assert_eq!(read("x,y\n1,1\n\n2,2\n"), (2, Vec::new()));
    }
}
