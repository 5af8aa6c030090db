//! The contract itself under test: its annotations, its comments, its rules, and what the build refuses.

#[cfg(test)]
mod codec;
#[cfg(test)]
mod comments;
#[cfg(test)]
mod fault;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod table;
#[cfg(test)]
mod validation;

// The build's own reading and judging, so that what is tested here is what the build does.
#[cfg(test)]
#[path = "../../build/read.rs"]
mod read;
#[cfg(test)]
#[path = "../../build/refuse.rs"]
mod refuse;
