//! The contract itself under test: its annotations, its comments, its rules, what the build refuses, and what it tells others.

#[cfg(test)]
mod built;
#[cfg(test)]
mod codec;
#[cfg(test)]
mod comments;
#[cfg(test)]
mod constraints;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod fault;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod table;
#[cfg(test)]
mod validation;
