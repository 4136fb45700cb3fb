//! Configuration files: options of `train` under their long names, in TOML.
//!
//! A file's options become arguments that stand before those typed. So they mean exactly the same,
//! are checked by the same rules, and what is typed goes before what is in the file.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, Command, CommandFactory, Parser};
use toml::{Table, Value};
use truezero_data::quoted;

use crate::args::{Cli, TrainArgs, Verb};
use crate::failure::Failure;

/// Options that say something about one call, not about an experiment.
const NOT_IN_A_FILE: [&str; 4] = ["config", "force", "help", "resume"];

/// Options that say how `train` is called, not what is trained: refused where something else decides them.
pub const OF_A_CALL: [&str; 6] = ["out", "log-dir", "observe", "threads", "json", "quiet"];

/// What the standard library says of texts that are no numbers, and what they should have been.
const PHRASES: [(&str, &str); 6] = [
    ("invalid digit found in string", "expected a whole number from 0 on"),
    ("number too large to fit in target type", "expected a smaller number"),
    ("number too small to fit in target type", "expected a greater number"),
    ("cannot parse integer from empty string", "expected a whole number"),
    ("invalid float literal", "expected a number"),
    ("cannot parse float from empty string", "expected a number"),
];

/// The key for what has no option's name on the command line.
const DATA: &str = "data";

/// `truezero train` and what follows, with the options of a file in between. The file's `data` is left
/// out if data is given (`has_data`).
pub fn merge(file: &Path, arguments: Vec<OsString>, has_data: bool) -> Result<Vec<OsString>, Failure> {
    let text = fs::read_to_string(file).map_err(Failure::io("read", file))?;
    let from_file = arguments_of(&text, has_data)
        .map_err(|fault| Failure::Message(format!("{}: {}", file.display(), fault.into_failure())))?;
    let mut typed = arguments.into_iter();
    let mut merged: Vec<OsString> = typed.by_ref().take(2).collect();
    merged.extend(from_file.into_iter().map(OsString::from));
    merged.extend(typed);
    Ok(merged)
}

#[derive(Debug)]
struct Fault {
    message: String,
    hint: Option<String>,
}

impl Fault {
    fn of(message: String) -> Self {
        Self { message, hint: None }
    }

    fn into_failure(self) -> Failure {
        match self.hint {
            Some(hint) => Failure::hinted(self.message, hint),
            None => Failure::Message(self.message),
        }
    }
}

/// A training whose options are given under their long names.
///
/// # Errors
/// The first option that does not exist or cannot have its value.
pub fn train_args(options: &Table) -> Result<TrainArgs, Failure> {
    let arguments = arguments(options).map_err(Fault::into_failure)?;
    let words = arguments.iter().map(|(_, argument)| argument.clone());
    match Cli::try_parse_from(["truezero", "train"].map(str::to_owned).into_iter().chain(words)) {
        Ok(Cli { verb: Verb::Train(args) }) => Ok(*args),
        Ok(_) => unreachable!("the verb is train"),
        Err(error) => {
            arguments
                .iter()
                .try_for_each(|(key, argument)| check(key, argument))
                .map_err(Fault::into_failure)?;
            // Options that do not go together.
            Err(Fault::of(first_line(&error)).into_failure())
        }
    }
}

/// An error of a TOML text, with its line.
pub fn located(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
    let message = error.message().replace('\n', ", ");
    if text.parse::<Table>().is_ok() {
        return format!("line {line}: {message}");
    }
    let found = quoted(text.lines().nth(line - 1).unwrap_or_default());
    format!("line {line}: expected TOML, found {found} ({message})")
}

fn arguments_of(text: &str, has_data: bool) -> Result<Vec<String>, Fault> {
    let table: Table = text.parse().map_err(|error| Fault::of(located(text, &error)))?;
    let arguments = arguments(&table)?;
    arguments.iter().try_for_each(|(key, argument)| check(key, argument))?;
    let wanted = arguments.into_iter().filter(|(key, _)| *key != DATA || !has_data);
    Ok(wanted.map(|(_, argument)| argument).collect())
}

/// Each key with the argument that it stands for, which may still be one that is not accepted.
fn arguments(table: &Table) -> Result<Vec<(&str, String)>, Fault> {
    let command = Cli::command();
    let train = command.find_subcommand("train").expect("there is such a verb");
    let mut arguments = Vec::new();
    for (key, value) in table {
        arguments.extend(argument(train, key, value)?.map(|argument| (key.as_str(), argument)));
    }
    Ok(arguments)
}

/// A key and its value as an argument; none for a switch that is off.
fn argument(train: &Command, key: &str, value: &Value) -> Result<Option<String>, Fault> {
    if NOT_IN_A_FILE.contains(&key) {
        return Err(Fault::of(format!("key {key:?}: expected an option of training, found one of the call")));
    }
    let text = scalars(value).ok_or_else(|| {
        let found = value.type_str();
        Fault::of(format!("key {key:?}: expected a number, string, boolean or list of them, found {found}"))
    })?;
    if key == DATA {
        return Ok(Some(text));
    }
    let option = train.get_arguments().find(|option| option.get_long() == Some(key));
    match (option.map(clap::Arg::get_action), value) {
        (Some(ArgAction::SetTrue), Value::Boolean(on)) => Ok(on.then(|| format!("--{key}"))),
        (Some(ArgAction::SetTrue), _) => {
            Err(Fault::of(format!("key {key:?}: expected true or false, found {text}")))
        }
        // An unknown key as well: `check` finds out which one was meant.
        _ => Ok(Some(format!("--{key}={text}"))),
    }
}

/// A value as it would be typed.
fn scalars(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Array(values) if values.iter().any(Value::is_array) => None,
        Value::Array(values) => Some(values.iter().map(scalars).collect::<Option<Vec<_>>>()?.join(",")),
        Value::Table(_) | Value::Datetime(_) => None,
    }
}

/// Whether an argument alone would be accepted; if not, what is wrong with the key it came from.
fn check(key: &str, argument: &str) -> Result<(), Fault> {
    let Err(error) = Cli::try_parse_from(["truezero", "train", argument]) else { return Ok(()) };
    // What one key asks of another is seen when all stand together.
    if error.kind() == clap::error::ErrorKind::MissingRequiredArgument {
        return Ok(());
    }
    if error.kind() == clap::error::ErrorKind::UnknownArgument {
        let hint = match error.get(ContextKind::SuggestedArg) {
            Some(ContextValue::String(option)) => {
                format!("a similar key exists: {:?}", option.trim_start_matches('-'))
            }
            _ => "keys are the long options of truezero train, and data".to_owned(),
        };
        return Err(Fault { message: format!("unknown key {key:?}"), hint: Some(hint) });
    }
    Err(Fault::of(format!("key {key:?}: {}", first_line(&error))))
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    PHRASES.iter().fold(line.to_owned(), |line, (phrase, ours)| line.replace(phrase, ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let Fault { message, hint } = arguments_of(text, false).unwrap_err();
        format!("{message}{}", hint.map(|hint| format!("; {hint}")).unwrap_or_default())
    }

    #[test]
    fn keys_become_arguments() {
        let text = "hidden = [20, 10]\nl1 = 1e-4\nquiet = true\njson = false\nsign-trick = false\n\
                    data = \"digits5k\"\nschedule = \"step:2,0.5\"\ndropout = 0.5\nhidden-typo = 1\n";
        let known = text.replace("hidden-typo = 1\n", "");
        let mut arguments = arguments_of(&known, false).unwrap();
        arguments.sort();
        let expected = [
            "--dropout=0.5",
            "--hidden=20,10",
            "--l1=0.0001",
            "--quiet",
            "--schedule=step:2,0.5",
            "--sign-trick=false",
            "digits5k",
        ];
        assert_eq!(arguments, expected);
        assert!(!arguments_of(&known, true).unwrap().contains(&"digits5k".to_owned()));
        assert_eq!(refused("epoch = 3"), "unknown key \"epoch\"; a similar key exists: \"epochs\"");
        assert!(refused("zzz = 3").starts_with("unknown key \"zzz\"; keys are"));
    }

    #[test]
    fn faults_name_their_key_or_line() {
        assert!(refused("epochs = \"many\"").starts_with("key \"epochs\": invalid value 'many'"));
        assert!(refused("epochs = -1").starts_with("key \"epochs\": "));
        let seed = refused("seed = \"a\"");
        assert!(
            seed.starts_with("key \"seed\": ") && seed.ends_with(": expected a whole number from 0 on"),
            "{seed}"
        );
        assert!(refused("json = 3").starts_with("key \"json\": expected true or false"));
        assert!(
            refused("optimizer = { rule = \"sgd\" }").starts_with("key \"optimizer\": expected a number")
        );
        assert!(refused("resume = true").starts_with("key \"resume\""));
        assert!(refused("seed = 1\nepochs = = 2").starts_with("line 2: "));
        assert!(refused("hidden = [[1]]").starts_with("key \"hidden\""));
    }

    #[test]
    fn what_is_typed_goes_before_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "epochs = 3\nseed = 4\ndata = \"a.csv\"\nheader = false").unwrap();
        let typed = ["truezero", "train", "--epochs", "7", "--no-header"].map(OsString::from);
        let merged = merge(file.path(), typed.into(), false).unwrap();
        let crate::args::Verb::Train(train) = Cli::parse_from(merged).verb else { panic!() };
        assert_eq!((train.optimizer.epochs, train.optimizer.seed), (Some(7), Some(4)));
        assert_eq!((train.data.as_deref(), train.source.table.header()), (Some("a.csv"), Some(false)));
    }
}
