//! What a process counts, as its operators read it.

use std::net::SocketAddr;

use crate::web::Web;

/// The sum of a metric over its labels; 0 where it was not counted yet. `line` begins the lines that count: a name, or a name and
/// the first of its labels.
pub async fn counted(admin: SocketAddr, line: &str) -> f64 {
    let answer = Web::at(&format!("http://{admin}")).get("/metrics").await;
    let text = String::from_utf8(answer.body).expect("metrics are text");
    let is_it = |found: &&str| {
        found.strip_prefix(line).is_some_and(|rest| rest.starts_with([' ', '{', ',', '}', '"']))
    };
    text.lines()
        .filter(is_it)
        .map(|line| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).expect("a number"))
        .fold(0.0, |sum, value| sum + value)
}

/// What a process says of something it depends on, and whether it says that it is ready.
pub async fn ready(admin: SocketAddr, dependency: &str) -> (bool, serde_json::Value) {
    let answer = Web::at(&format!("http://{admin}")).get("/readyz").await;
    (answer.status == 200, answer.value()[dependency].clone())
}
