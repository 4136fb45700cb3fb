//! How the cost of skipping zeros, and of not skipping them, grows with density and with width.
//!
//! `cargo bench -p truezero-sparse --bench scaling` prints a table, with `-- --json` one JSON document, from
//! which `compare/scaling.py` makes plots. One thread; medians of blocks in which the two branches take
//! turns.
#![allow(clippy::print_stdout, reason = "a benchmark is a program")]

use std::fmt::Write;
use std::time::{Duration, Instant};

use truezero_sparse::choose::{Product, prefer_dense};
use truezero_sparse::{ActiveBatch, DenseBatch, Engine, Inputs, PackedWeights};

/// Examples in a mini-batch.
const BATCHES: [usize; 5] = [1, 10, 16, 64, 128];
/// Inputs and outputs of the layer whose density changes.
const WIDTH: usize = 1000;
const PERCENTS: [usize; 14] = [5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 95, 100];
/// Inputs and outputs of the layers in which `ACTIVE` inputs are active.
const WIDTHS: [usize; 6] = [250, 500, 1000, 2000, 4000, 8000];
const ACTIVE: usize = 64;
/// Blocks of each branch, and their length.
const BLOCKS: usize = 7;
const BLOCK: Duration = Duration::from_millis(20);
/// Mini-batches with activities of their own, used in turn: a layer never sees the same one twice running.
const MINI_BATCHES: usize = 4;

/// One product at one shape.
struct Point {
    product: Product,
    examples: usize,
    width: usize,
    density: f64,
    /// Nanoseconds per example in the two branches.
    active: f64,
    dense: f64,
}

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let mut engine = Engine::new(1);
    let density = PERCENTS.map(|percent| (WIDTH, WIDTH * percent / 100));
    let density = points(&mut engine, &density);
    let width = points(&mut engine, &WIDTHS.map(|width| (width, ACTIVE)));
    if json {
        let isa = engine.isa().name();
        println!("{{\"isa\":\"{isa}\",\"density\":{},\"width\":{}}}", document(&density), document(&width));
    } else {
        print!("{}{}", table(&density), table(&width));
    }
}

/// Measures each product at each shape: (inputs and outputs, active inputs of an example).
fn points(engine: &mut Engine, shapes: &[(usize, usize)]) -> Vec<Point> {
    let mut points = Vec::new();
    for &(width, active) in shapes {
        for examples in BATCHES {
            let mut layer = Layer::new(engine, width, active, examples);
            for product in [Product::Forward, Product::Backward] {
                let [active_time, dense_time] = layer.times(engine, product);
                points.push(Point {
                    product,
                    examples,
                    width,
                    density: active as f64 / width as f64,
                    active: active_time,
                    dense: dense_time,
                });
            }
        }
    }
    points
}

/// A layer with as many outputs as inputs, and mini-batches for it.
struct Layer {
    batches: Vec<(ActiveBatch, DenseBatch)>,
    weights: PackedWeights,
    bias: Vec<f32>,
    delta: DenseBatch,
    out: DenseBatch,
}

impl Layer {
    fn new(engine: &mut Engine, width: usize, active: usize, examples: usize) -> Self {
        let mut random = Random(1);
        let batches = (0..MINI_BATCHES).map(|_| {
            let mut units: Vec<usize> = (0..width).collect();
            let mut dense = DenseBatch::zeros(examples, width);
            for example in 0..examples {
                for at in 0..active {
                    units.swap(at, at + random.below(width - at));
                    dense.row_mut(example)[units[at]] = 0.1 + random.uniform();
                }
            }
            let mut list = ActiveBatch::new(width);
            engine.extract(&dense, &mut list);
            (list, dense)
        });
        let batches = batches.collect();
        let mut values = |count| (0..count).map(|_| (random.uniform() - 0.5) * 0.1).collect::<Vec<_>>();
        Self {
            batches,
            weights: PackedWeights::from_plain(width, width, &values(width * width)),
            bias: values(width),
            delta: DenseBatch::from_rows(width, &values(examples * width)),
            out: DenseBatch::default(),
        }
    }

    /// Nanoseconds per example: over active inputs, and over all.
    fn times(&mut self, engine: &mut Engine, product: Product) -> [f64; 2] {
        let mut blocks = [Vec::new(), Vec::new()];
        // The first block of each warms up.
        for _ in 0..=BLOCKS {
            for (branch, blocks) in blocks.iter_mut().enumerate() {
                blocks.push(self.block(engine, product, branch == 1));
            }
        }
        blocks.map(|mut blocks| {
            blocks.remove(0);
            blocks.sort_by(f64::total_cmp);
            blocks[BLOCKS / 2]
        })
    }

    fn block(&mut self, engine: &mut Engine, product: Product, dense: bool) -> f64 {
        let started = Instant::now();
        let mut examples = 0;
        while examples == 0 || started.elapsed() < BLOCK {
            for (list, array) in &self.batches {
                let x = if dense { Inputs::Dense(array) } else { Inputs::Active(list) };
                match product {
                    Product::Forward => engine.forward(x, &self.weights, &self.bias, &mut self.out),
                    Product::Backward => {
                        engine.backward_sgd(x, &mut self.weights, &self.delta, 1e-6, &mut self.out);
                    }
                }
                examples += array.examples();
            }
        }
        started.elapsed().as_nanos() as f64 / examples as f64
    }
}

/// Xorshift: the same layers on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// In [0, 1).
    fn uniform(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

impl Point {
    fn name(&self) -> &'static str {
        match self.product {
            Product::Forward => "forward",
            Product::Backward => "backward",
        }
    }

    /// Whether a network would multiply everything here.
    fn prefers_dense(&self) -> bool {
        prefer_dense(self.product, self.examples, self.density)
    }
}

fn document(points: &[Point]) -> String {
    let mut document = String::new();
    for point in points {
        let Point { examples, width, density, active, dense, .. } = point;
        let (name, chosen) = (point.name(), point.prefers_dense());
        write!(
            document,
            "{}{{\"product\":\"{name}\",\"examples\":{examples},\"width\":{width},\"density\":{density},\
             \"active_ns\":{active:.1},\"dense_ns\":{dense:.1},\"prefers_dense\":{chosen}}}",
            if document.is_empty() { "" } else { "," }
        )
        .expect("writing to a string does not fail");
    }
    format!("[{document}]")
}

fn table(points: &[Point]) -> String {
    let mut table =
        "product   examples  width   active      over active         over all  chosen\n".to_owned();
    for point in points {
        let Point { examples, width, density, active, dense, .. } = point;
        let chosen = if point.prefers_dense() { "all" } else { "active" };
        writeln!(
            table,
            "{:<9} {examples:>8} {width:>6} {:>6.1} % {active:>13.0} ns {dense:>13.0} ns  {chosen}",
            point.name(),
            100.0 * density,
        )
        .expect("writing to a string does not fail");
    }
    table
}
