//! One rule, several deployments: each test is written once, as a function of the world, and runs on every shape named for it.

use rapport_tests::world::Wishes;

/// Runs rules on `SQLite` and on `PostgreSQL`; `rule with wishes` asks more of the deployment than its shape.
macro_rules! on_both {
    ($($rule:ident $(with $wishes:expr)?),* $(,)?) => {$(
        on_shapes! { $rule, $crate::shapes::first([$($wishes)?]), [sqlite Sqlite, postgres Postgres] }
    )*};
}

/// Runs rules on either engine with core and edge in one process and apart; `rule with wishes` asks more of the deployment.
macro_rules! on_four {
    ($($rule:ident $(with $wishes:expr)?),* $(,)?) => {$(
        on_shapes! {
            $rule, $crate::shapes::first([$($wishes)?]),
            [sqlite Sqlite, postgres Postgres, sqlite_apart SqliteApart, postgres_together PostgresTogether]
        }
    )*};
}

/// Runs rules on `SQLite`, on `PostgreSQL`, and with two cores on one `PostgreSQL`, without Redis and with it.
macro_rules! on_all {
    ($($rule:ident),* $(,)?) => {$(
        on_shapes! {
            $rule, rapport_tests::world::Wishes::default(),
            [sqlite Sqlite, postgres Postgres, two_cores TwoCores, many_nodes ManyNodes]
        }
    )*};
}

/// Runs rules on every shape there is.
macro_rules! on_every {
    ($($rule:ident),* $(,)?) => {$(
        on_shapes! {
            $rule, rapport_tests::world::Wishes::default(),
            [
                sqlite Sqlite, postgres Postgres, sqlite_apart SqliteApart, postgres_together PostgresTogether,
                two_cores TwoCores, many_nodes ManyNodes
            ]
        }
    )*};
}

macro_rules! on_shapes {
    ($rule:ident, $wishes:expr, [$($name:ident $shape:ident),*]) => {
        mod $rule {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    use super::*;
                    let world = rapport_tests::world::World::with(rapport_tests::world::Shape::$shape, $wishes).await;
                    $rule(&world).await;
                }
            )*
        }
    };
}

/// What the rule wishes, or nothing special.
pub(crate) fn first<const N: usize>(wishes: [Wishes; N]) -> Wishes {
    wishes.into_iter().next().unwrap_or_default()
}
