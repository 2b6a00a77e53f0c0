//! Figures: numbers that can only be built from facts, and that anyone can compute again.
//!
//! A [`Figure`] keeps the expression it came from. The validator evaluates it a second time
//! against the sealed facts, so a number without evidence cannot reach a report.

use std::fmt;

use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, Fact, FactId, Value};
use crate::stats;

/// Finds facts by id: one evidence set, or all facts of a report.
pub trait Lookup {
    /// The fact with this id.
    fn fact(&self, id: FactId) -> Option<&Fact>;
}

impl Lookup for Evidence {
    fn fact(&self, id: FactId) -> Option<&Fact> {
        self.get(id)
    }
}

impl Lookup for [Fact] {
    fn fact(&self, id: FactId) -> Option<&Fact> {
        self.binary_search_by_key(&id, |fact| fact.id).ok().map(|at| &self[at])
    }
}

/// Which number of a fact is meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Stat {
    /// The number itself.
    Value,
    /// The median of its samples.
    Median,
    /// The 95th percentile of its samples.
    P95,
    /// The largest sample.
    Max,
    /// How many looks or requests it rests on.
    N,
    /// How many names its list holds.
    Len,
    /// How often a label was seen.
    Count(String),
}

/// Arithmetic over facts.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A number of a fact.
    Of(FactId, Stat),
    /// A constant of the method: a unit conversion or a configured target.
    Constant(f64),
    /// The sum of all.
    Sum(Vec<Expr>),
    /// The first less the second, never below zero.
    Less(Box<Expr>, Box<Expr>),
    /// The product.
    Times(Box<Expr>, Box<Expr>),
    /// The first over the second.
    Over(Box<Expr>, Box<Expr>),
    /// The smaller.
    Min(Box<Expr>, Box<Expr>),
}

impl Expr {
    /// The number of a fact, as it is.
    pub fn value(fact: &Fact) -> Self {
        Self::Of(fact.id, Stat::Value)
    }

    /// The median of a fact's samples.
    pub fn median(fact: &Fact) -> Self {
        Self::Of(fact.id, Stat::Median)
    }

    /// The 95th percentile of a fact's samples.
    pub fn p95(fact: &Fact) -> Self {
        Self::Of(fact.id, Stat::P95)
    }

    /// How many looks a fact rests on.
    pub fn n(fact: &Fact) -> Self {
        Self::Of(fact.id, Stat::N)
    }

    /// How many names a fact lists.
    pub fn len(fact: &Fact) -> Self {
        Self::Of(fact.id, Stat::Len)
    }

    /// How often a label was seen.
    pub fn count(fact: &Fact, label: &str) -> Self {
        Self::Of(fact.id, Stat::Count(label.to_owned()))
    }

    /// A fact's number in milliseconds, whatever its unit of time.
    pub fn ms(fact: &Fact) -> Self {
        match fact.key.unit() {
            "ns" => Self::value(fact).times(Self::Constant(1e-6)),
            "s" => Self::value(fact).times(Self::Constant(1e3)),
            _ => Self::value(fact),
        }
    }

    /// The sum of all; zero for none.
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::Sum(parts.into_iter().collect())
    }

    /// This plus another.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self::Sum(vec![self, other])
    }

    /// This less another, never below zero.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self::Less(Box::new(self), Box::new(other))
    }

    /// This times another.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self::Times(Box::new(self), Box::new(other))
    }

    /// This over another.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        Self::Over(Box::new(self), Box::new(other))
    }

    /// The smaller of the two.
    #[must_use]
    pub fn at_most(self, other: Self) -> Self {
        Self::Min(Box::new(self), Box::new(other))
    }

    /// Computes the number; `None` when a fact is missing, has no such number, or nothing is
    /// divided by.
    pub fn evaluate(&self, facts: &(impl Lookup + ?Sized)) -> Option<f64> {
        let value = match self {
            Self::Of(id, stat) => stat.of(facts.fact(*id)?)?,
            Self::Constant(value) => *value,
            Self::Sum(parts) => {
                let mut total = 0.0;
                for part in parts {
                    total += part.evaluate(facts)?;
                }
                total
            }
            Self::Less(a, b) => (a.evaluate(facts)? - b.evaluate(facts)?).max(0.0),
            Self::Times(a, b) => a.evaluate(facts)? * b.evaluate(facts)?,
            Self::Over(a, b) => {
                let divisor = b.evaluate(facts)?;
                if divisor == 0.0 {
                    return None;
                }
                a.evaluate(facts)? / divisor
            }
            Self::Min(a, b) => a.evaluate(facts)?.min(b.evaluate(facts)?),
        };
        value.is_finite().then_some(value)
    }

    /// The ids it rests on, ascending, each once.
    pub fn facts(&self) -> Vec<FactId> {
        let mut ids = Vec::new();
        self.gather(&mut ids);
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn gather(&self, ids: &mut Vec<FactId>) {
        match self {
            Self::Of(id, _) => ids.push(*id),
            Self::Constant(_) => {}
            Self::Sum(parts) => parts.iter().for_each(|part| part.gather(ids)),
            Self::Less(a, b) | Self::Times(a, b) | Self::Over(a, b) | Self::Min(a, b) => {
                a.gather(ids);
                b.gather(ids);
            }
        }
    }
}

impl Stat {
    fn of(&self, fact: &Fact) -> Option<f64> {
        match (self, &fact.value) {
            (Self::Value, value) => value.number(),
            (Self::N, _) => Some(fact.n as f64),
            (Self::Median, Value::Samples(samples)) => stats::median(samples),
            (Self::P95, Value::Samples(samples)) => stats::quantile(samples, 0.95),
            (Self::Max, Value::Samples(samples)) => stats::quantile(samples, 1.0),
            (Self::Len, Value::List(names)) => Some(names.len() as f64),
            (Self::Count(label), Value::Counts(counts)) => {
                Some(counts.get(label).copied().unwrap_or(0) as f64)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(id, Stat::Value) => write!(out, "{id}"),
            Self::Of(id, Stat::Median) => write!(out, "median({id})"),
            Self::Of(id, Stat::P95) => write!(out, "p95({id})"),
            Self::Of(id, Stat::Max) => write!(out, "max({id})"),
            Self::Of(id, Stat::N) => write!(out, "n({id})"),
            Self::Of(id, Stat::Len) => write!(out, "length({id})"),
            Self::Of(id, Stat::Count(label)) => write!(out, "count({id}, {label})"),
            Self::Constant(value) => write!(out, "{value}"),
            Self::Sum(parts) => {
                out.write_str("(")?;
                for (at, part) in parts.iter().enumerate() {
                    let plus = if at == 0 { "" } else { " + " };
                    write!(out, "{plus}{part}")?;
                }
                out.write_str(")")
            }
            Self::Less(a, b) => write!(out, "({a} - {b})"),
            Self::Times(a, b) => write!(out, "{a} * {b}"),
            Self::Over(a, b) => write!(out, "({a}) / ({b})"),
            Self::Min(a, b) => write!(out, "min({a}, {b})"),
        }
    }
}

/// How a figure is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Milliseconds; printed as seconds from 1000 on.
    Ms,
    /// Percent of a whole.
    Percent,
    /// Bytes; printed in decimal multiples.
    Bytes,
    /// A count, with thousands separated.
    Count,
    /// A PID, TID or port: never separated.
    Id,
    /// Days; printed as hours below one.
    Days,
    /// A plain quantity with two decimals (cores, factors).
    Plain,
}

/// A number of a report, with the expression that gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The number.
    pub value: f64,
    /// How it is printed.
    pub unit: Unit,
    /// Where it comes from.
    pub expr: Expr,
}

impl Figure {
    /// Evaluates an expression; `None` when its facts do not give a number.
    pub fn of(expr: Expr, unit: Unit, facts: &(impl Lookup + ?Sized)) -> Option<Self> {
        Some(Self { value: expr.evaluate(facts)?, unit, expr })
    }

    /// A duration in milliseconds.
    pub fn ms(expr: Expr, facts: &(impl Lookup + ?Sized)) -> Option<Self> {
        Self::of(expr, Unit::Ms, facts)
    }

    /// A share in percent of `whole`.
    pub fn percent(part: Expr, whole: Expr, facts: &(impl Lookup + ?Sized)) -> Option<Self> {
        Self::of(part.over(whole).times(Expr::Constant(100.0)), Unit::Percent, facts)
    }

    /// A count.
    pub fn count(expr: Expr, facts: &(impl Lookup + ?Sized)) -> Option<Self> {
        Self::of(expr, Unit::Count, facts)
    }

    /// A constant of the method or the configuration, such as a target.
    pub fn constant(value: f64, unit: Unit) -> Self {
        Self { value, unit, expr: Expr::Constant(value) }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&print(self.value, self.unit))
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Figure", 5)?;
        out.serialize_field("value", &self.value)?;
        out.serialize_field("unit", &self.unit)?;
        out.serialize_field("text", &self.to_string())?;
        out.serialize_field("formula", &self.expr.to_string())?;
        out.serialize_field("evidence", &self.expr.facts())?;
        out.end()
    }
}

/// Prints a number in its unit: `3.92 s`, `14 ms`, `0.006 %`, `1,010,000`, `0.33 MB`.
pub fn print(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ms if value.abs() >= 1000.0 => format!("{:.2} s", value / 1000.0),
        Unit::Ms => format!("{} ms", significant(value)),
        Unit::Percent => format!("{} %", significant(value)),
        Unit::Bytes => bytes(value),
        Unit::Count => separated(value),
        Unit::Id => format!("{value:.0}"),
        Unit::Days if value < 1.0 => format!("{:.1} hours", value * 24.0),
        Unit::Days => format!("{value:.1} days"),
        Unit::Plain => format!("{value:.2}"),
    }
}

/// Whole from 10 on, one decimal from 1 on, and below that two significant digits.
fn significant(value: f64) -> String {
    let size = value.abs();
    if size >= 9.95 {
        format!("{value:.0}")
    } else if size >= 0.995 {
        format!("{value:.1}")
    } else if size < 1e-9 {
        "0".to_owned()
    } else {
        let decimals = (1.0 - size.log10().floor()).clamp(2.0, 9.0) as usize;
        let text = format!("{value:.decimals$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

fn bytes(value: f64) -> String {
    match value {
        value if value >= 1e9 => format!("{:.2} GB", value / 1e9),
        value if value >= 1e5 => format!("{:.2} MB", value / 1e6),
        value if value >= 1e3 => format!("{:.1} kB", value / 1e3),
        value => format!("{value:.0} bytes"),
    }
}

fn separated(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0.0 { format!("−{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_a_person_writes_them() {
        assert_eq!(print(3920.0, Unit::Ms), "3.92 s");
        assert_eq!(print(0.24, Unit::Ms), "0.24 ms");
        assert_eq!(print(14.2, Unit::Ms), "14 ms");
        assert_eq!(print(0.00612, Unit::Percent), "0.0061 %");
        assert_eq!(print(98.4, Unit::Percent), "98 %");
        assert_eq!(print(1_010_000.0, Unit::Count), "1,010,000");
        assert_eq!(print(331_776.0, Unit::Bytes), "0.33 MB");
        assert_eq!(print(31860.0, Unit::Id), "31860");
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        let facts: &[Fact] = &[];
        let expr = Expr::Constant(1.0).over(Expr::Constant(0.0));
        assert_eq!(expr.evaluate(facts), None);
    }
}
