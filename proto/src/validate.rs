//! The rules of request fields, checked in one place for every transport.
//!
//! Each message implements [`Validate`] from its annotations (`rapport.options.v1.field`). Every rule is checked in one
//! pass, each field is named once, and a sound request costs no allocation: paths are written out for violations only.

mod formats;
pub use formats::is_origin;
#[doc(hidden)]
pub mod rules;

use std::fmt;

/// Most violations one check reports; a caller who has read these will ask again anyway.
pub const MOST_VIOLATIONS: usize = 20;

/// One field that breaks its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in canonical JSON names: `chatId`, `owner.email`, `types[2]`.
    pub field: String,
    /// What is wrong with it, to be read after the field's name: `is required`.
    pub description: String,
}

impl Violation {
    /// Names a field and what is wrong with it.
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.description)
    }
}

/// A message that knows its rules. Implemented by the build for every message of the contract.
pub trait Validate {
    /// Whether an rpc takes this message. Only then is it checked when it arrives: an answer is never checked, so that
    /// a client keeps working when a newer server sends an enum value it does not know yet. What a request holds
    /// inside is checked with it, also where answers hold the same message.
    const IS_REQUEST: bool = false;

    /// Adds what breaks a rule, in the order of the fields, oneofs last; violations beyond [`MOST_VIOLATIONS`] are dropped.
    fn check(&self, path: &Path<'_>, out: &mut Violations);

    /// Checks the message as a whole request.
    fn validate(&self) -> Result<(), Vec<Violation>> {
        let mut out = Violations::default();
        self.check(&Path::ROOT, &mut out);
        if out.found.is_empty() { Ok(()) } else { Err(out.into_inner()) }
    }
}

/// Where a check is, as a list on the stack; written out only when something is wrong there.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Root,
    Field(&'static str),
    Entry(usize),
}

impl Path<'_> {
    /// The request itself.
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    /// A field of what is here, by its JSON name.
    #[must_use]
    pub const fn field(&self, name: &'static str) -> Path<'_> {
        Path { parent: Some(self), step: Step::Field(name) }
    }

    /// An entry of the list that is here.
    #[must_use]
    pub const fn index(&self, index: usize) -> Path<'_> {
        Path { parent: Some(self), step: Step::Entry(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) if self.parent.is_some_and(|parent| parent.parent.is_some()) => {
                write!(f, ".{name}")
            }
            Step::Field(name) => f.write_str(name),
            Step::Entry(index) => write!(f, "[{index}]"),
        }
    }
}

/// What a check has found so far, at most [`MOST_VIOLATIONS`].
#[derive(Debug, Default)]
pub struct Violations {
    found: Vec<Violation>,
}

impl Violations {
    /// Adds a violation, or drops it where there are enough.
    pub fn add(&mut self, path: &Path<'_>, description: fmt::Arguments<'_>) {
        if !self.is_full() {
            self.found.push(Violation::new(path.to_string(), description.to_string()));
        }
    }

    /// What was found, in the order it was found.
    #[must_use]
    pub fn into_inner(self) -> Vec<Violation> {
        self.found
    }

    /// Whether more would be dropped.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.found.len() >= MOST_VIOLATIONS
    }
}
