//! The schema as it is after all migrations, read back from the engine: a reference across tenants cannot exist.
//!
//! PostgreSQL's half needs `RAPPORT_TEST_POSTGRES`, which `tests/run` sets.
#![expect(clippy::unwrap_used, reason = "a test that cannot look fails")]

use std::collections::BTreeMap;

use rapport_core::{db, migrate};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

/// What belongs to no tenant.
const GLOBAL: [&str; 6] =
    ["edge_leases", "identities", "installation", "revocations", "seaql_migrations", "signing_keys"];

#[derive(Debug, Default)]
struct Table {
    primary_key: Vec<String>,
    foreign_keys: Vec<ForeignKey>,
}

#[derive(Debug)]
struct ForeignKey {
    columns: Vec<String>,
    to: String,
    on_delete: String,
}

async fn strings(conn: &DatabaseConnection, backend: DbBackend, sql: &str, width: usize) -> Vec<Vec<String>> {
    let rows = conn.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| (0..width).map(|i| row.try_get_by_index::<String>(i).unwrap()).collect()).collect()
}

fn check(tables: &BTreeMap<String, Table>) {
    assert!(tables.len() > 12, "{tables:?}");
    for (name, table) in tables.iter().filter(|(name, _)| !GLOBAL.contains(&name.as_str())) {
        assert_eq!(table.primary_key.first().map(String::as_str), Some("tenant_id"), "{name}: {table:?}");
        for key in &table.foreign_keys {
            assert!(["RESTRICT", "r"].contains(&key.on_delete.as_str()), "{name}: {key:?}");
            let leads = key.columns.first().map(String::as_str) == Some("tenant_id");
            assert!(leads || GLOBAL.contains(&key.to.as_str()), "{name} may point across tenants: {key:?}");
        }
    }
    for name in GLOBAL {
        assert!(tables.contains_key(name), "{name} is on the list but not in the schema");
    }
}

#[tokio::test]
async fn on_sqlite_every_key_leads_with_the_tenant() {
    let dir = tempfile::tempdir().unwrap();
    let target = db::Target::parse(&format!("sqlite:{}", dir.path().join("schema.db").display())).unwrap();
    let opened = db::open(&target, 2).await.unwrap();
    migrate::run(&opened).await.unwrap();
    let conn = opened.write();
    let mut tables = BTreeMap::new();
    let names = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'";
    for name in strings(conn, DbBackend::Sqlite, names, 1).await.concat() {
        let keys = format!("select name from pragma_table_info('{name}') where pk > 0 order by pk");
        let primary_key = strings(conn, DbBackend::Sqlite, &keys, 1).await.concat();
        let foreign = format!(
            "select cast(id as text), \"from\", \"table\", on_delete from pragma_foreign_key_list('{name}') order by id, seq"
        );
        let mut foreign_keys: BTreeMap<String, ForeignKey> = BTreeMap::new();
        for row in strings(conn, DbBackend::Sqlite, &foreign, 4).await {
            let key = foreign_keys.entry(row[0].clone()).or_insert_with(|| ForeignKey {
                columns: Vec::new(),
                to: row[2].clone(),
                on_delete: row[3].clone(),
            });
            key.columns.push(row[1].clone());
        }
        tables.insert(name, Table { primary_key, foreign_keys: foreign_keys.into_values().collect() });
    }
    check(&tables);
}

#[tokio::test]
async fn on_postgres_every_key_leads_with_the_tenant() {
    let admin =
        std::env::var("RAPPORT_TEST_POSTGRES").expect("run tests/run, which starts a private PostgreSQL");
    let name = format!("schema_{}", std::process::id());
    let admin_db = db::open(&db::Target::parse(&admin).unwrap(), 2).await.unwrap();
    admin_db.write().execute_unprepared(&format!("create database {name}")).await.unwrap();
    let (server, _) = admin.rsplit_once('/').unwrap();
    let opened = db::open(&db::Target::parse(&format!("{server}/{name}")).unwrap(), 4).await.unwrap();
    migrate::run(&opened).await.unwrap();
    let sql = "select c.relname::text, k.contype::text, coalesce(f.relname::text, ''), k.confdeltype::text,
        (select string_agg(a.attname::text, ',' order by p.place) from unnest(k.conkey) with ordinality p (number, place)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.number)
      from pg_constraint k join pg_class c on c.oid = k.conrelid left join pg_class f on f.oid = k.confrelid
      where c.relnamespace = 'public'::regnamespace and k.contype in ('p', 'f')";
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for row in strings(opened.write(), DbBackend::Postgres, sql, 5).await {
        let table = tables.entry(row[0].clone()).or_default();
        let columns: Vec<String> = row[4].split(',').map(str::to_owned).collect();
        if row[1] == "p" {
            table.primary_key = columns;
        } else {
            table.foreign_keys.push(ForeignKey { columns, to: row[2].clone(), on_delete: row[3].clone() });
        }
    }
    check(&tables);
    drop(opened);
    admin_db.write().execute_unprepared(&format!("drop database {name} with (force)")).await.unwrap();
}
