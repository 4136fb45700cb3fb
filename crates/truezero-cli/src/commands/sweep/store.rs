//! The results of a sweep: one SQLite file.
//!
//! ```text
//! sweep    one row: version of this form, the definition as JSON, the name of the error, what tells it from others
//! trials   one row for each training: its options as JSON, how far it is, how good
//! epochs   one row for each epoch of each training
//! ```

use std::path::{Path, PathBuf};

use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use toml::Table;
use truezero::EpochRecord;
use truezero_data::Notice;
use truezero_data::files::{Kind, Output, check_companion, remove_companion};

use super::definition::Definition;
use crate::failure::Failure;
use crate::{files, json};

/// Version of the form.
const FORMAT: i64 = 2;

const SCHEMA: &str = "
    CREATE TABLE sweep (format INTEGER NOT NULL, definition TEXT NOT NULL, error TEXT, id TEXT NOT NULL);
    CREATE TABLE trials (
        trial INTEGER PRIMARY KEY,
        options TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting',
        epochs INTEGER NOT NULL DEFAULT 0,
        best_epoch INTEGER,
        validation_error REAL,
        validation_cost REAL,
        test_error REAL,
        mean_sparsity REAL,
        seconds REAL NOT NULL DEFAULT 0,
        message TEXT,
        warnings TEXT NOT NULL DEFAULT '[]'
    );
    CREATE TABLE epochs (
        trial INTEGER NOT NULL REFERENCES trials,
        epoch INTEGER NOT NULL,
        cost REAL NOT NULL,
        validation_error REAL,
        mean_sparsity REAL NOT NULL,
        l1 REAL NOT NULL,
        learning_rate REAL NOT NULL,
        PRIMARY KEY (trial, epoch)
    ) WITHOUT ROWID;";

/// A file of results: an SQLite file in whose first page the table stands.
pub const RESULTS: Kind<'static> = Kind {
    name: "the results of a sweep",
    is: &|beginning| {
        beginning.starts_with(b"SQLite format 3\0")
            && beginning.windows(FIRST_TABLE.len()).any(|at| at == FIRST_TABLE)
    },
};

/// How the table is made that every version of the form has.
const FIRST_TABLE: &[u8] = b"CREATE TABLE sweep (format INTEGER NOT NULL, definition TEXT NOT NULL";

/// Files of SQLite beside the one with the results: what it has not put into it yet, and an index of that.
const BESIDE: [(&str, Kind<'static>); 2] = [
    (
        "-wal",
        Kind {
            name: "a write-ahead log of SQLite",
            is: &|beginning| {
                beginning.starts_with(&[0x37, 0x7f, 0x06, 0x82])
                    || beginning.starts_with(&[0x37, 0x7f, 0x06, 0x83])
            },
        },
    ),
    (
        "-shm",
        Kind {
            name: "an index of a write-ahead log of SQLite",
            // Zeros until it is used.
            is: &|beginning| {
                beginning.starts_with(&3_007_000_u32.to_ne_bytes()) || beginning.starts_with(&[0; 4])
            },
        },
    ),
];

/// Finds the best of those that are done, in the order of [`Trial::rank`]. Files of earlier versions get it when they are
/// opened.
const INDEX: &str = "CREATE INDEX IF NOT EXISTS by_rank \
                     ON trials (state, (validation_error IS NULL), validation_error, validation_cost, trial)";
const BEST: &str = "SELECT trial FROM trials WHERE state = 'done' \
                    ORDER BY (validation_error IS NULL), validation_error, validation_cost, trial LIMIT 1";

/// The columns of a trial, in the order in which [`trial`] reads them.
const COLUMNS: &str = "trial, options, state, epochs, best_epoch, validation_error, validation_cost, test_error, mean_sparsity, \
                       seconds, message, warnings";

/// How far a training is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not at its end; there may be a checkpoint.
    Waiting,
    /// Given up, for others were better.
    Stopped,
    Done,
    Failed,
}

const STATES: [(State, &str); 4] = [
    (State::Waiting, "waiting"),
    (State::Stopped, "stopped"),
    (State::Done, "done"),
    (State::Failed, "failed"),
];

impl State {
    fn name(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).expect("every state has a name").1
    }
}

/// One training of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Counted from 1.
    #[serde(rename = "trial")]
    pub number: usize,
    /// Those that vary.
    pub options: Map<String, Value>,
    pub state: State,
    /// Completed so far.
    pub epochs: usize,
    pub best_epoch: Option<usize>,
    /// Of the best epoch, as are the others.
    pub validation_error: Option<f64>,
    /// Tells trials of the same error apart.
    pub validation_cost: Option<f64>,
    pub test_error: Option<f64>,
    pub mean_sparsity: Option<f64>,
    pub seconds: f64,
    /// Why it failed, or ended before its time.
    pub message: Option<String>,
    /// What is no failure and should be known, of the data and of the training, as `train --json` gives it.
    pub warnings: Vec<Notice>,
}

impl Trial {
    /// Better ones come first; equally good ones in the order of their numbers.
    pub fn rank(&self) -> (bool, f64, f64, usize) {
        let (error, cost) = (self.validation_error.unwrap_or(0.0), self.validation_cost.unwrap_or(0.0));
        (self.validation_error.is_none(), error, cost, self.number)
    }
}

/// Sorts better trials to the front.
pub fn rank(trials: &mut [Trial]) {
    trials.sort_by(|a, b| a.rank().partial_cmp(&b.rank()).expect("errors are finite"));
}

/// An open file of results.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    database: Connection,
}

impl Store {
    /// Creates the file with all trials waiting, or opens that of the same sweep. With `force`, whatever else is there is
    /// replaced.
    ///
    /// # Errors
    /// A file that is none, or that of another sweep.
    pub fn create(
        output: &Output,
        definition: &Definition,
        options: &[Table],
        force: bool,
    ) -> Result<Self, Failure> {
        let path = output.path();
        let document = json::value(definition).to_string();
        let open = || {
            let database = Connection::open(path).map_err(failing("open", path))?;
            Ok(Self { path: path.to_owned(), database })
        };
        for (path, kind) in beside(output) {
            check_companion(&path, kind)?;
        }
        // Not to read only: then SQLite would leave files beside it.
        let there = output.replaces().then(|| open().and_then(|store: Self| store.definition()));
        match there {
            Some(Ok(there)) if there == document => {}
            Some(Ok(_)) if !force => {
                let message = format!("{} holds the results of another sweep", path.display());
                return Err(Failure::hinted(
                    message,
                    "name another file with --out, or replace it with --force",
                ));
            }
            Some(Err(failure)) if !force => return Err(failure),
            _ => create(output, &document, options)?,
        }
        let (failed, store) = (failing("open", path), open()?);
        // Readers see a consistent state while trainings write.
        store.database.pragma_update(None, "journal_mode", "wal").map_err(&failed)?;
        store.database.pragma_update(None, "synchronous", "normal").map_err(&failed)?;
        store.execute(INDEX, [])?;
        Ok(store)
    }

    /// Opens the results of a sweep to read them.
    ///
    /// # Errors
    /// A file that is none.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags).map_err(failing("open", path))?;
        let store = Self { path: path.to_owned(), database };
        store.definition()?;
        Ok(store)
    }

    /// The definition, as JSON.
    fn definition(&self) -> Result<String, Failure> {
        let (format, definition): (i64, String) = self
            .database
            .query_row("SELECT format, definition FROM sweep", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(failing("find a sweep in", &self.path))?;
        if format == FORMAT {
            return Ok(definition);
        }
        let path = self.path.display();
        let message = format!("{path}: expected results of version {FORMAT}, found version {format}");
        Err(Failure::hinted(
            message,
            "another version of truezero wrote them; run the sweep again with another --out",
        ))
    }

    /// What tells this sweep from all others, also from the same one begun anew.
    pub fn id(&self) -> Result<String, Failure> {
        self.database
            .query_row("SELECT id FROM sweep", [], |row| row.get(0))
            .map_err(failing("read", &self.path))
    }

    /// What the trials' error is called; none before the first has begun.
    pub fn error_name(&self) -> Result<Option<String>, Failure> {
        self.database
            .query_row("SELECT error FROM sweep", [], |row| row.get(0))
            .map_err(failing("read", &self.path))
    }

    /// Takes note of what the error is called.
    pub fn name_error(&self, name: &str) -> Result<(), Failure> {
        self.execute("UPDATE sweep SET error = ?1", params![name])
    }

    /// All trials, in the order of their numbers.
    pub fn trials(&self) -> Result<Vec<Trial>, Failure> {
        let read = || -> rusqlite::Result<Vec<Trial>> {
            let query = format!("SELECT {COLUMNS} FROM trials ORDER BY trial");
            self.database.prepare(&query)?.query_map([], trial)?.collect()
        };
        read().map_err(failing("read", &self.path))
    }

    /// One trial.
    ///
    /// # Errors
    /// If there is none of that number.
    pub fn trial(&self, number: usize) -> Result<Trial, Failure> {
        let read = || {
            let query = format!("SELECT {COLUMNS} FROM trials WHERE trial = ?1");
            self.database.query_row(&query, [number], trial).optional()
        };
        let found = read().map_err(failing("read", &self.path))?;
        found.ok_or_else(|| Failure::Message(format!("the sweep has no trial {number}")))
    }

    /// The best of the trials that are done.
    pub fn best(&self) -> Result<Option<Trial>, Failure> {
        let read = || self.database.query_row(BEST, [], |row| row.get(0)).optional();
        let number: Option<usize> = read().map_err(failing("read", &self.path))?;
        number.map(|number| self.trial(number)).transpose()
    }

    /// Takes note of options that were not known before.
    pub fn set_options(&self, trial: usize, options: &Map<String, Value>) -> Result<(), Failure> {
        let options = json::value(options).to_string();
        self.execute("UPDATE trials SET options = ?2 WHERE trial = ?1", params![trial, options])
    }

    /// Takes note of a trial as it is now.
    pub fn update(&self, trial: &Trial) -> Result<(), Failure> {
        self.execute(
            "UPDATE trials SET state = ?2, epochs = ?3, best_epoch = ?4, validation_error = ?5, \
             validation_cost = ?6, test_error = ?7, mean_sparsity = ?8, seconds = ?9, message = ?10, warnings = ?11 \
             WHERE trial = ?1",
            params![
                trial.number,
                trial.state.name(),
                trial.epochs,
                trial.best_epoch,
                trial.validation_error,
                trial.validation_cost,
                trial.test_error,
                trial.mean_sparsity,
                trial.seconds,
                trial.message,
                json::value(&trial.warnings).to_string()
            ],
        )
    }

    /// Takes note of an epoch; one that is trained again after a crash is the same again.
    pub fn add_epoch(
        &self,
        trial: usize,
        record: &EpochRecord,
        validation: Option<f64>,
    ) -> Result<(), Failure> {
        let EpochRecord { epoch, cost, mean_sparsity, l1, learning_rate, .. } = record;
        self.execute(
            "INSERT OR REPLACE INTO epochs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![trial, epoch, cost, validation, mean_sparsity, l1, learning_rate],
        )
    }

    fn execute(&self, statement: &str, values: impl rusqlite::Params) -> Result<(), Failure> {
        self.database.execute(statement, values).map(drop).map_err(failing("write", &self.path))
    }
}

/// The files of SQLite beside this one, there or not.
fn beside(output: &Output) -> impl Iterator<Item = (PathBuf, Kind<'static>)> {
    BESIDE.into_iter().map(|(end, kind)| {
        let mut path = output.target().as_os_str().to_owned();
        path.push(end);
        (path.into(), kind)
    })
}

/// Makes a file with all trials waiting.
fn create(output: &Output, definition: &str, options: &[Table]) -> Result<(), Failure> {
    let bytes = filled(definition, options).map_err(failing("write", output.path()))?;
    for (path, kind) in beside(output) {
        // Of a database that was there before: SQLite would take it for a part of this one.
        remove_companion(&path, kind)?;
    }
    files::write(output, |file| file.write_all(&bytes))
}

/// The bytes of a file with all trials waiting.
fn filled(definition: &str, options: &[Table]) -> rusqlite::Result<Vec<u8>> {
    let mut database = Connection::open_in_memory()?;
    let transaction = database.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute(
        "INSERT INTO sweep (format, definition, id) VALUES (?1, ?2, lower(hex(randomblob(8))))",
        params![FORMAT, definition],
    )?;
    for (index, table) in options.iter().enumerate() {
        let options = json::value(table).to_string();
        transaction
            .execute("INSERT INTO trials (trial, options) VALUES (?1, ?2)", params![index + 1, options])?;
    }
    transaction.commit()?;
    Ok(database.serialize("main")?.to_vec())
}

fn trial(row: &Row) -> rusqlite::Result<Trial> {
    let unreadable = |column, message: String| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, message.into())
    };
    let (options, state, warnings): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(11)?);
    let known = STATES.iter().find(|(_, name)| *name == state);
    Ok(Trial {
        number: row.get(0)?,
        options: serde_json::from_str(&options).map_err(|error| unreadable(1, error.to_string()))?,
        state: known.ok_or_else(|| unreadable(2, format!("unknown state {state:?}")))?.0,
        epochs: row.get(3)?,
        best_epoch: row.get(4)?,
        validation_error: row.get(5)?,
        validation_cost: row.get(6)?,
        test_error: row.get(7)?,
        mean_sparsity: row.get(8)?,
        seconds: row.get(9)?,
        message: row.get(10)?,
        warnings: serde_json::from_str(&warnings).map_err(|error| unreadable(11, error.to_string()))?,
    })
}

fn failing(operation: &'static str, path: &Path) -> impl Fn(rusqlite::Error) -> Failure {
    let path = path.to_owned();
    move |cause| Failure::Store { operation, path: path.clone(), cause }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    fn store(folder: &Path, trials: usize) -> Store {
        let definition = toml::from_str("method = \"random\"\ntrials = 1\n[vary]\nseed = [1]").unwrap();
        let output = Output::new(&folder.join("sweep.sqlite"), RESULTS).unwrap();
        let store = Store::create(&output, &definition, &vec![Table::new(); trials], false).unwrap();
        for number in 1..=trials {
            let trial = store.trial(number).unwrap();
            let error = (number % 7 != 0).then(|| ((number * 31) % 97) as f64);
            let cost = error.map(|_| ((number * 17) % 5) as f64);
            store
                .update(&Trial {
                    state: State::Done,
                    validation_error: error,
                    validation_cost: cost,
                    ..trial
                })
                .unwrap();
        }
        store
    }

    #[test]
    fn the_best_is_the_first_by_rank() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 300);
        let mut all = store.trials().unwrap();
        rank(&mut all);
        assert_eq!(store.best().unwrap(), Some(all[0].clone()));
        assert!(store.trial(301).unwrap_err().to_string().contains("no trial 301"));
    }

    #[test]
    fn what_is_no_database_is_told_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a,b\n".repeat(100)).unwrap();
        let message = crate::failure::chain(&Store::read(file.path()).unwrap_err());
        assert_eq!(
            message,
            format!("cannot find a sweep in {}: file is not a database", file.path().display())
        );
    }

    /// Steps that the database takes to answer, which are as many for rows it looks at as they are rows.
    fn steps(store: &Store, query: &str, number: Option<usize>) -> i32 {
        let mut statement = store.database.prepare(query).unwrap();
        let _: Option<i64> =
            statement.query_row(rusqlite::params_from_iter(number), |row| row.get(0)).optional().unwrap();
        statement.get_status(StatementStatus::VmStep)
    }

    #[test]
    fn what_each_training_asks_costs_the_same_however_many_there_are() {
        let (few, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (few, many) = (store(few.path(), 20), store(many.path(), 2000));
        let one = format!("SELECT {COLUMNS} FROM trials WHERE trial = ?1");
        for (query, number) in [(BEST, None), (one.as_str(), Some(17))] {
            assert_eq!(steps(&few, query, number), steps(&many, query, number), "{query}");
        }
    }
}
