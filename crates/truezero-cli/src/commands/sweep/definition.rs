//! What a sweep's file says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};
use truezero_data::short;

use crate::config::{self, OF_A_CALL};
use crate::failure::Failure;

/// Most networks of a sweep.
pub const MAX_TRIALS: usize = 100_000;
/// What is told of a value, in bytes.
const MAX_TOLD: usize = 60;

/// A sweep as it is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Definition {
    /// How configurations are tried.
    pub method: Method,
    /// How many are drawn.
    #[serde(default, deserialize_with = "perhaps_whole", skip_serializing_if = "Option::is_none")]
    pub trials: Option<usize>,
    /// Of the draws.
    #[serde(default, deserialize_with = "whole")]
    pub seed: u64,
    /// Epochs before the first trainings are given up.
    #[serde(default, deserialize_with = "perhaps_whole", skip_serializing_if = "Option::is_none")]
    pub min_epochs: Option<usize>,
    /// One of so many trainings is kept.
    #[serde(default, deserialize_with = "perhaps_whole", skip_serializing_if = "Option::is_none")]
    pub factor: Option<usize>,
    /// Options that all trainings have in common.
    #[serde(default, deserialize_with = "table")]
    pub train: Table,
    /// Options that differ.
    #[serde(deserialize_with = "axes")]
    pub vary: BTreeMap<String, Axis>,
}

/// How configurations are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "Value")]
pub enum Method {
    /// Every combination.
    Grid,
    /// Drawn at random.
    Random,
    /// Drawn at random, and given up early unless among the best (successive halving).
    Halving,
}

/// The values of an option.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, try_from = "Value")]
pub enum Axis {
    /// One of these.
    Values(Vec<Value>),
    /// A number in a range.
    Range(Range),
}

/// The numbers from `low` to `high`, whole ones if both are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    pub low: Value,
    pub high: Value,
    #[serde(default)]
    pub scale: Scale,
    /// Points of a grid, both ends among them.
    #[serde(default, deserialize_with = "perhaps_whole", skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
}

/// How a range is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "Value")]
pub enum Scale {
    #[default]
    Linear,
    Log,
}

impl TryFrom<Value> for Method {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value.as_str() {
            Some("grid") => Ok(Self::Grid),
            Some("random") => Ok(Self::Random),
            Some("halving") => Ok(Self::Halving),
            _ => Err(unlike("\"grid\", \"random\" or \"halving\"", &value)),
        }
    }
}

impl TryFrom<Value> for Scale {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value.as_str() {
            Some("linear") => Ok(Self::Linear),
            Some("log") => Ok(Self::Log),
            _ => Err(unlike("\"linear\" or \"log\"", &value)),
        }
    }
}

impl TryFrom<Value> for Axis {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::Array(values) => Ok(Self::Values(values)),
            Value::Table(range) => {
                let range = range.try_into().map_err(|error: toml::de::Error| error.message().to_owned());
                Ok(Self::Range(range?))
            }
            other => Err(unlike("a list of values, or low and high", &other)),
        }
    }
}

/// What a value should have been, and what it is.
fn unlike(expected: &str, value: &Value) -> String {
    let found = match value {
        Value::Table(_) => "a table".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        value => short(&value.to_string(), MAX_TOLD),
    };
    format!("expected {expected}, found {found}")
}

fn whole_of<T: TryFrom<i64>, E: Error>(value: &Value) -> Result<T, E> {
    let whole = value.as_integer().and_then(|whole| T::try_from(whole).ok());
    whole.ok_or_else(|| E::custom(unlike("a whole number from 0 on", value)))
}

fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    whole_of(&Value::deserialize(deserializer)?)
}

fn perhaps_whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    Option::<Value>::deserialize(deserializer)?.as_ref().map(whole_of).transpose()
}

fn table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Table, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Table(table) => Ok(table),
        other => Err(D::Error::custom(unlike("a table of options", &other))),
    }
}

fn axes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Axis>, D::Error> {
    let axis = |(name, value): (String, Value)| match Axis::try_from(value) {
        Ok(axis) => Ok((name, axis)),
        Err(fault) => Err(D::Error::custom(format!("{name}: {fault}"))),
    };
    table(deserializer)?.into_iter().map(axis).collect()
}

impl Definition {
    /// # Errors
    /// A file that cannot be read, or the first thing in it that cannot be.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(file).map_err(Failure::io("read", file))?;
        Self::parse(&text).map_err(|fault| Failure::Message(format!("{}: {fault}", file.display())))
    }

    /// Of the same fields as JSON.
    ///
    /// # Errors
    /// The first thing in it that cannot be.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let definition: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        definition.check()?;
        Ok(definition)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let definition: Self = toml::from_str(text).map_err(|error| config::located(text, &error))?;
        definition.check()?;
        Ok(definition)
    }

    fn check(&self) -> Result<(), String> {
        let drawn = self.method != Method::Grid;
        match self.trials {
            None if drawn => return Err("trials: expected how many networks to draw, found nothing".into()),
            Some(_) if !drawn => {
                return Err("trials: expected nothing, for a grid has as many as it has".into());
            }
            Some(trials) if !(1..=MAX_TRIALS).contains(&trials) => {
                return Err(format!("trials: expected 1 to {MAX_TRIALS}, found {trials}"));
            }
            _ => {}
        }
        if self.method != Method::Halving && (self.min_epochs.is_some() || self.factor.is_some()) {
            return Err("min-epochs and factor: expected with method = \"halving\" only".into());
        }
        if self.min_epochs == Some(0) {
            return Err("min-epochs: expected at least 1, found 0".into());
        }
        if let Some(factor) = self.factor
            && factor < 2
        {
            return Err(format!("factor: expected at least 2, found {factor}"));
        }
        if self.vary.is_empty() {
            return Err("vary: expected at least one option that differs, found none".into());
        }
        for name in self.train.keys().chain(self.vary.keys()) {
            if OF_A_CALL.contains(&name.as_str()) {
                return Err(format!("{name}: expected an option of training, found one of a call"));
            }
        }
        if let Some(twice) = self.vary.keys().find(|name| self.train.contains_key(*name)) {
            return Err(format!("{twice}: expected in [train] or in [vary], found in both"));
        }
        self.vary.iter().try_for_each(|(name, axis)| {
            axis.check(self.method).map_err(|fault| format!("vary, {name}: {fault}"))
        })
    }
}

impl Axis {
    fn check(&self, method: Method) -> Result<(), String> {
        let range = match self {
            Self::Values(values) if values.is_empty() => return Err("expected values, found none".into()),
            Self::Values(_) => return Ok(()),
            Self::Range(range) => range,
        };
        let (low, high) = range.ends().ok_or("expected numbers for low and high")?;
        if !(low < high && low.is_finite() && high.is_finite()) {
            return Err(format!("expected low below high, found {low} and {high}"));
        }
        if range.scale == Scale::Log && low <= 0.0 {
            return Err(format!("expected low above 0 on a logarithmic scale, found {low}"));
        }
        match (method, range.steps) {
            (Method::Grid, None) => Err("expected steps with a range in a grid, found none".into()),
            (Method::Grid, Some(steps)) if !(2..=MAX_TRIALS).contains(&steps) => {
                Err(format!("expected 2 to {MAX_TRIALS} steps, found {steps}"))
            }
            (Method::Random | Method::Halving, Some(_)) => Err("expected steps in a grid only".into()),
            _ => Ok(()),
        }
    }
}

impl Range {
    /// Both ends; none if one is no number.
    pub fn ends(&self) -> Option<(f64, f64)> {
        let number =
            |value: &Value| value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
        number(&self.low).zip(number(&self.high))
    }

    /// Whether only whole numbers are meant.
    pub fn whole(&self) -> bool {
        self.low.is_integer() && self.high.is_integer()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Definition::parse(text).unwrap_err()
    }

    #[test]
    fn a_file_is_read() {
        let text = "method = \"halving\"\ntrials = 9\nmin-epochs = 2\n[train]\ndata = \"digits5k\"\n[vary]\n\
                    hidden = [[20], [20, 10]]\nl1 = { low = 1e-6, high = 1e-3, scale = \"log\" }";
        let definition = Definition::parse(text).unwrap();
        assert_eq!((definition.method, definition.trials, definition.seed), (Method::Halving, Some(9), 0));
        assert!(matches!(&definition.vary["hidden"], Axis::Values(values) if values.len() == 2));
        assert!(matches!(&definition.vary["l1"], Axis::Range(range) if range.scale == Scale::Log));
    }

    #[test]
    fn a_definition_comes_back_from_json() {
        for text in [
            "method = \"halving\"\ntrials = 8\nfactor = 2\n[train]\nhidden = [30]\n[vary]\n\
             l1 = { low = 1e-6, high = 1e-3, scale = \"log\" }",
            "method = \"grid\"\n[vary]\nseed = [1, 2]\nl1 = { low = 0.0, high = 1.0, steps = 3 }",
        ] {
            let definition = Definition::parse(text).unwrap();
            let json = serde_json::to_string(&definition).unwrap();
            assert_eq!(Definition::from_json(&json), Ok(definition));
        }
    }

    #[test]
    fn values_of_another_kind_are_refused_with_what_they_are() {
        for (text, message) in [
            ("trials = -1", "line 1: expected a whole number from 0 on, found -1"),
            ("trials = 1.5", "line 1: expected a whole number from 0 on, found 1.5"),
            ("seed = \"a\"", "line 1: expected a whole number from 0 on, found \"a\""),
            ("method = 2020-01-01", "line 1: expected \"grid\", \"random\" or \"halving\", found 2020-01-01"),
            ("method = \"grid\"\ntrain = 3", "line 2: expected a table of options, found 3"),
            ("method = \"grid\"\nvary = [1]", "line 2: expected a table of options, found a list"),
            ("vary = { l1 = 3 }", "line 1: l1: expected a list of values, or low and high, found 3"),
            (
                "vary = { l1 = { low = 1, high = 2, steps = -2 } }",
                "line 1: l1: expected a whole number from 0 on, found -2",
            ),
            (
                "vary = { l1 = { low = 1, high = 2, scale = 7 } }",
                "line 1: l1: expected \"linear\" or \"log\", found 7",
            ),
            ("sepal,petal\n1,2", "line 1: expected TOML, found \"sepal,petal\""),
        ] {
            let found = refused(text);
            assert!(found.starts_with(message), "{text:?}: {found:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let random = "method = \"random\"\ntrials = 3\n[vary]\n";
        assert!(refused("method = \"random\"\n[vary]\nseed = [1]").starts_with("trials: expected how many"));
        assert!(refused("method = \"grid\"\ntrials = 3\n[vary]\nseed = [1]").starts_with("trials: "));
        assert!(
            refused("method = \"random\"\ntrials = 0\n[vary]\nseed = [1]")
                .starts_with("trials: expected 1 to")
        );
        assert!(refused("method = \"best\"\n[vary]").starts_with("line 1: "));
        assert!(refused("method = \"grid\"\n[vary]").starts_with("vary: expected at least one"));
        assert!(
            refused("method = \"grid\"\nfactor = 3\n[vary]\nseed = [1]").starts_with("min-epochs and factor")
        );
        assert!(
            refused(&format!("{random}out = [\"a\"]")).starts_with("out: expected an option of training")
        );
        assert!(refused(&format!("{random}seed = []")).starts_with("vary, seed: expected values"));
        assert!(
            refused(&format!("{random}l1 = {{ low = 1.0, high = 0.5 }}"))
                .starts_with("vary, l1: expected low")
        );
        assert!(
            refused(&format!("{random}l1 = {{ low = 0, high = 1, scale = \"log\" }}")).contains("above 0")
        );
        assert!(
            refused(&format!("{random}l1 = {{ low = 0, high = 1, steps = 3 }}")).contains("in a grid only")
        );
        assert!(refused(&format!("{random}l1 = {{ low = \"a\", high = 1 }}")).contains("numbers"));
        assert!(
            refused("method = \"grid\"\n[train]\nseed = 1\n[vary]\nseed = [1]").contains("found in both")
        );
        assert!(refused("method = \"grid\"\n[vary]\nl1 = { low = 0, high = 1 }").contains("expected steps"));
    }
}
