//! The build's own reading, judging and describing, so that what is tested here is what the build does.

#[path = "../../build/comments.rs"]
pub(crate) mod comments;
#[path = "../../build/constrain.rs"]
pub(crate) mod constrain;
#[path = "../../build/docs.rs"]
pub(crate) mod docs;
#[path = "../../build/docs_types.rs"]
pub(crate) mod docs_types;
#[path = "../../build/openapi.rs"]
pub(crate) mod openapi;
#[path = "../../build/problem.rs"]
pub(crate) mod problem;
#[path = "../../build/prose.rs"]
pub(crate) mod prose;
#[path = "../../build/read.rs"]
pub(crate) mod read;
#[path = "../../build/refuse.rs"]
pub(crate) mod refuse;
#[path = "../../build/schema.rs"]
pub(crate) mod schema;
