//! Numbers are scaled before they become 32 bits wide: what differs in the data differs in the network, and the same
//! numbers are the same inputs whatever file they came in.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use truezero_data::preprocess::LIMIT;
use truezero_data::stream::{self, Stream};
use truezero_data::{
    Features, Notices, PreprocessOptions, Preprocessing, Raw, RawTarget, Scaling, SourceSpec, WideBatch, open,
};
use truezero_sparse::{ActiveBatch, Batch};

const ROWS: usize = 200;
/// Seconds of one minute or two: 32 bits tell two of them apart.
const FIRST: f64 = 1_700_000_000.0;

/// Examples of Unix seconds and a fraction with more digits than 32 bits hold.
fn rows() -> Vec<[f64; 2]> {
    (0..ROWS).map(|at| [FIRST + at as f64, 52.5 + at as f64 * 1e-7]).collect()
}

fn npy(code: &str, fortran: bool, shape: &str, body: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '{code}', 'fortran_order': {order}, 'shape': ({shape}), }}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), body].concat()
}

/// The same examples in several formats, and their labels in a file of their own where the format has no place for them.
fn written(folder: &Path) -> Vec<SourceSpec> {
    let (rows, labels) = (rows(), folder.join("labels.txt"));
    let label = |at: usize| usize::from(at >= ROWS / 2);
    let lines: Vec<String> = (0..ROWS).map(|at| label(at).to_string()).collect();
    fs::write(&labels, lines.join("\n")).unwrap();
    let by_row: Vec<u8> = rows.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
    let by_column: Vec<u8> = (0..2)
        .flat_map(|column| rows.iter().map(move |row| row[column]))
        .flat_map(f64::to_be_bytes)
        .collect();
    let (mut svmlight, mut csv) = (String::new(), String::from("a,b,y\n"));
    for (at, [a, b]) in rows.iter().enumerate() {
        writeln!(svmlight, "{} 1:{a} 2:{b}", label(at)).unwrap();
        writeln!(csv, "{a},{b},{}", label(at)).unwrap();
    }
    let idx = [&[0, 0, 0x0e, 2, 0, 0, 0, 200, 0, 0, 0, 2][..], &rows_big_endian(&rows)].concat();
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let spec = |path: PathBuf, labels| SourceSpec { labels, ..SourceSpec::new(path.to_str().unwrap()) };
    let csv = spec(write("t.csv", csv.as_bytes()), None);
    vec![
        SourceSpec { target: Some("y".into()), ..csv },
        spec(write("c.npy", &npy("<f8", false, "200, 2", &by_row)), Some(labels.clone())),
        spec(write("fortran.npy", &npy(">f8", true, "200, 2", &by_column)), Some(labels.clone())),
        spec(write("x.idx", &idx), Some(labels)),
        spec(write("t.svm", svmlight.as_bytes()), None),
    ]
}

fn rows_big_endian(rows: &[[f64; 2]]) -> Vec<u8> {
    rows.iter().flatten().flat_map(|number| number.to_be_bytes()).collect()
}

/// The inputs of the network, row by row.
fn bits(inputs: &Batch) -> Vec<Vec<u32>> {
    let Batch::Dense(inputs) = inputs else { panic!("a dense batch") };
    (0..inputs.examples()).map(|at| inputs.row(at).iter().map(|value| value.to_bits()).collect()).collect()
}

#[test]
fn every_format_keeps_apart_what_differs() {
    let (folder, notices) = (tempfile::tempdir().unwrap(), Notices::default());
    for scaling in [Scaling::Standardize, Scaling::UnitRange] {
        let options = PreprocessOptions { scaling, ..PreprocessOptions::default() };
        let mut expected = None;
        for spec in written(folder.path()) {
            let raw = open(&spec).unwrap().train;
            let all: Vec<usize> = (0..ROWS).collect();
            let rules = Preprocessing::fit(&raw, &all, &options).unwrap();
            let inputs = bits(&rules.inputs(raw.features, &notices).unwrap());
            for column in 0..2 {
                let mut values: Vec<u32> = inputs.iter().map(|row| row[column]).collect();
                values.sort_unstable();
                values.dedup();
                assert_eq!(values.len(), ROWS, "{}, column {column}", spec.data);
            }
            assert_eq!(&inputs, expected.get_or_insert_with(|| inputs.clone()), "{}", spec.data);

            if spec.data.ends_with("fortran.npy") {
                continue; // not stored row by row
            }
            let stream = Stream::open(&spec).unwrap().in_pieces_of(50);
            let rules = stream::fit(&stream, &[], &options).unwrap();
            let pieces =
                stream.pieces().map(|piece| rules.inputs(piece.unwrap().features, &notices).unwrap());
            let streamed: Vec<_> = pieces.flat_map(|piece| bits(&piece)).collect();
            assert_eq!(Some(streamed), expected, "{} as a stream", spec.data);
        }
    }
}

/// Unix seconds of a minute among columns that are mostly zero.
fn sparse(rows: usize) -> WideBatch {
    let (mut offsets, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for at in 0..rows {
        if at % 20 == 0 {
            indices.push(2);
            values.push(5.0);
        }
        indices.push(7);
        values.push(FIRST + at as f64);
        offsets.push(indices.len());
    }
    WideBatch::from_parts(10, offsets, indices, values).unwrap()
}

#[test]
fn numbers_far_from_zero_stay_apart_in_sparse_matrices_too() {
    let labels = (0..ROWS).map(|at| ["a", "b"][at % 2].to_owned()).collect();
    let raw =
        Raw { features: Features::Wide(sparse(ROWS)), target: Some(RawTarget::Labels(labels)), image: None };
    let all: Vec<usize> = (0..ROWS).collect();
    for scaling in [Scaling::Auto, Scaling::Standardize] {
        let options = PreprocessOptions { scaling, ..PreprocessOptions::default() };
        let rules = Preprocessing::fit(&raw, &all, &options).unwrap();
        let scales = rules.for_inputs().scales().unwrap();
        assert!((0..10).all(|column| (scales.shifts[column] != 0.0) == (column == 7)), "{scales:?}");
        assert!(!rules.for_inputs().spreads());
        let inputs = |features| match rules.inputs(features, &Notices::default()).unwrap() {
            Batch::Active(inputs) => inputs,
            Batch::Dense(_) => panic!("a sparse matrix"),
        };
        let scaled = inputs(Features::Wide(sparse(ROWS)));
        let mut seconds: Vec<u32> = (0..ROWS).map(|at| scaled.to_dense().row(at)[7].to_bits()).collect();
        seconds.sort_unstable();
        seconds.dedup();
        assert_eq!(seconds.len(), ROWS, "{scaling:?}");
        // Zeros of other columns stay zeros; one among the seconds is as far away as an input can be.
        let of_none = ActiveBatch::from_parts(10, vec![0, 0, 1], vec![2], vec![5.0]).unwrap();
        let scaled = inputs(Features::Matrix(Batch::Active(of_none)));
        assert_eq!(scaled.example(0), (&[7][..], &[-(LIMIT as f32)][..]));
        assert_eq!(scaled.example(1).0, [2, 7]);
        // The same row with all its zeros is the same to the model.
        let mut row = vec![0.0; 10];
        (row[2], row[7]) = (5.0, FIRST);
        let dense = rules.inputs(Features::Wide(WideBatch::from_rows(10, row)), &Notices::default()).unwrap();
        let sparse = inputs(Features::Wide(sparse(1))).to_dense();
        assert_eq!(bits(&dense), bits(&Batch::Dense(sparse)));
    }
}
