#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]
use truezero_paper::*;
struct P;
impl Progress for P {
    fn experiment(&self, name: Name) {
        eprintln!("{name}");
    }
    fn network(&self, _: Name, done: usize, of: usize, line: &str) {
        eprintln!("{done}/{of} {line}");
    }
    fn stop(&self) -> bool {
        false
    }
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let names: Vec<Name> = args[3..].iter().map(|a| a.parse().unwrap()).collect();
    let scale = match args[1].as_str() {
        "tiny" => Scale::Tiny,
        "quick" => Scale::Quick,
        _ => Scale::Full,
    };
    let data = std::env::var("DATA").ok().map(Into::into);
    let s = Settings { data, out: args[2].clone().into(), scale, threads: 2, seed: 0 };
    let r = run(&names, &s, &P).unwrap();
    for o in r.experiments {
        println!("== {} {:.1}s\n{}\n{:?}", o.title, o.seconds, o.finding, o.data);
        for t in o.tables {
            println!("-- {}", t.title);
            for row in t.rows {
                println!("{}", row.iter().map(|c| c.text.clone()).collect::<Vec<_>>().join(" | "));
            }
        }
        for n in o.notes {
            println!("* {n}");
        }
    }
}
