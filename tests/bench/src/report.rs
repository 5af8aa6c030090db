//! Medians, verdicts, what is printed and what is kept.

use std::{
    fmt::{self, Write as _},
    fs,
    io::Write as _,
};

use serde::Serialize;
use serde_json::json;

use crate::{Bench, Fallible, rounds::Round};

/// Under this many rounds a figure is an anecdote.
const LEAST: usize = 3;

/// Prints a line at once, so that a long run can be watched.
pub(crate) fn say(text: impl fmt::Display) {
    let mut out = std::io::stdout();
    // Nobody may be reading; the results are kept in files as well.
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// What a ratio is judged by.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Bound {
    /// Beyond it the run fails; none where the figure is only told.
    pub(crate) gate: Option<f64>,
    /// Where we want to be.
    pub(crate) goal: Option<f64>,
    /// Whether less is better.
    pub(crate) lower: bool,
}

impl Bound {
    /// More is better.
    pub(crate) fn at_least(gate: f64, goal: f64) -> Self {
        Self { gate: Some(gate), goal: Some(goal), lower: false }
    }

    /// Less is better.
    pub(crate) fn at_most(gate: f64, goal: f64) -> Self {
        Self { gate: Some(gate), goal: Some(goal), lower: true }
    }

    /// Only told.
    pub(crate) fn told() -> Self {
        Self { gate: None, goal: None, lower: false }
    }

    fn keeps(self, value: f64, limit: Option<f64>) -> bool {
        limit.is_none_or(|limit| if self.lower { value <= limit } else { value >= limit })
    }
}

/// A figure over the rounds, with its verdict.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    name: String,
    median: f64,
    least: f64,
    most: f64,
    bound: Bound,
    kept: bool,
}

impl Figure {
    /// One value a round.
    pub(crate) fn of(name: impl Into<String>, values: impl IntoIterator<Item = f64>, bound: Bound) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let middle = median(&values);
        let [least, most] = [values.first(), values.last()].map(|value| value.copied().unwrap_or(f64::NAN));
        Self { name: name.into(), median: middle, least, most, bound, kept: bound.keeps(middle, bound.gate) }
    }

    /// What is judged of it.
    pub(crate) fn middle(&self) -> f64 {
        self.median
    }
}

/// The middle of sorted values.
fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, median, least, most, bound, kept } = self;
        let (few, places) = if median.abs() < 100.0 { (3, 8) } else { (0, 8) };
        write!(f, "{name:<44} {median:>places$.few$}  ({least:.few$} - {most:.few$})")?;
        if let Some(gate) = bound.gate {
            let side = if bound.lower { "at most" } else { "at least" };
            write!(f, "  gate {side} {gate}: {}", if *kept { "kept" } else { "MISSED" })?;
        }
        if let Some(goal) = bound.goal {
            write!(
                f,
                ", goal {goal}: {}",
                if bound.keeps(*median, Some(goal)) { "reached" } else { "not yet" }
            )?;
        }
        Ok(())
    }
}

/// What a scenario came to.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// Its id, which names its file.
    pub(crate) id: &'static str,
    /// What was compared.
    pub(crate) title: String,
    /// Payload, settings, versions.
    pub(crate) conditions: Vec<String>,
    /// Every round, also those left out.
    pub(crate) rounds: Vec<Round>,
    /// What was found, the judged ones first.
    pub(crate) figures: Vec<Figure>,
    /// What must hold besides: each is a failure.
    pub(crate) faults: Vec<String>,
    /// What was seen at one moment after another, for the file.
    pub(crate) looks: Vec<serde_json::Value>,
}

impl Outcome {
    /// An outcome of which nothing is told yet.
    pub(crate) fn of(id: &'static str, title: impl Into<String>, rounds: Vec<Round>) -> Self {
        Self {
            id,
            title: title.into(),
            conditions: Vec::new(),
            rounds,
            figures: Vec::new(),
            faults: Vec::new(),
            looks: Vec::new(),
        }
    }

    /// An outcome of rounds: the ratio of the rates, and the processor time of both sides.
    pub(crate) fn of_rates(id: &'static str, title: &str, rounds: Vec<Round>, bound: Bound) -> Self {
        let mut outcome = Self::of(id, title, rounds);
        let mut figures =
            vec![outcome.figure("ratio of rates (ours / floor)", bound, |r| r.ours.rate / r.floor.rate)];
        for (name, value) in [
            ("ours, operations/s", (|r| r.ours.rate) as fn(&Round) -> f64),
            ("floor, operations/s", |r| r.floor.rate),
            ("ours, us of cpu an operation", |r| r.ours.cpu_micros),
            ("floor, us of cpu an operation", |r| r.floor.cpu_micros),
            ("ratio of cpu (ours / floor)", |r| r.ours.cpu_micros / r.floor.cpu_micros),
        ] {
            figures.push(outcome.figure(name, Bound::told(), value));
        }
        if outcome.rounds.iter().any(|round| round.ours.p50_micros > 0) {
            figures.push(outcome.figure("ours, p50 us", Bound::told(), |r| f64::from(r.ours.p50_micros)));
            figures.push(outcome.figure("ours, p99 us", Bound::told(), |r| f64::from(r.ours.p99_micros)));
        }
        outcome.figures = figures;
        outcome
    }

    /// Adds a figure over the rounds that count.
    pub(crate) fn tell(&mut self, name: &str, bound: Bound, value: impl Fn(&Round) -> f64) {
        let figure = self.figure(name, bound, value);
        self.figures.push(figure);
    }

    /// A figure over the rounds that count: the quiet ones, or all where there are too few of those.
    pub(crate) fn figure(&self, name: &str, bound: Bound, value: impl Fn(&Round) -> f64) -> Figure {
        let quiet = self.rounds.iter().filter(|round| round.quiet).count();
        let counted = self.rounds.iter().filter(|round| round.quiet || quiet < LEAST);
        Figure::of(name, counted.map(value), bound)
    }

    /// Whether every gate was kept and nothing else was wrong.
    pub(crate) fn kept(&self) -> bool {
        self.faults.is_empty() && self.figures.iter().all(|figure| figure.kept)
    }

    /// Writes every round to a file of its own.
    pub(crate) fn save(&self, bench: &Bench) -> Fallible {
        let all = json!({ "machine": bench.machine, "seconds": bench.span.as_secs(), "kept": self.kept(), "outcome": self });
        fs::write(bench.dir.join(format!("{}.json", self.id)), serde_json::to_string_pretty(&all)?)?;
        Ok(())
    }

    /// The rounds others disturbed, told where there are any.
    fn disturbed(&self) -> Option<String> {
        let quiet = self.rounds.iter().filter(|round| round.quiet).count();
        let mut text = String::new();
        if self.rounds.is_empty() || quiet == self.rounds.len() {
            return None;
        }
        let _ = write!(
            text,
            "{} of {} rounds were disturbed by others",
            self.rounds.len() - quiet,
            self.rounds.len()
        );
        if quiet < LEAST {
            text.push_str("; too few are left, so all count: measure again on a quiet machine");
        }
        Some(text)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}: {}", self.id, self.title)?;
        for line in self.conditions.iter().chain(&self.disturbed()) {
            writeln!(f, "  [{line}]")?;
        }
        if !self.rounds.is_empty() && self.rounds.len() < LEAST {
            writeln!(f, "  [under {LEAST} rounds: not valid]")?;
        }
        for figure in &self.figures {
            writeln!(f, "  {figure}")?;
        }
        for fault in &self.faults {
            writeln!(f, "  WRONG: {fault}")?;
        }
        write!(f, "  {}", if self.kept() { "ok" } else { "FAILED" })
    }
}
