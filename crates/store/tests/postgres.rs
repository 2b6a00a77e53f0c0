//! Every statement on a real PostgreSQL: a throwaway server prepares them all after the migrations.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::time::{Duration, Instant};

use galen_store::{migrations, queries};
use galen_testkit::postgres::{self, Postgres};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, NoTls};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The only types a driver needs to bind and read.
const TYPES: [Type; 4] = [Type::INT8, Type::FLOAT8, Type::TEXT, Type::BYTEA];

#[expect(clippy::disallowed_methods, reason = "CI says so in the environment; this is no server")]
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

async fn connect(server: &mut Postgres) -> Client {
    let mut config = Config::new();
    config.host_path(server.folder()).port(server.port()).user("galen").dbname("postgres");
    let begun = Instant::now();
    loop {
        match config.connect(NoTls).await {
            Ok((client, connection)) => {
                tokio::spawn(connection);
                return client;
            }
            Err(error) => {
                let over = server.ended().expect("its state is known");
                assert!(over.is_none(), "the server ended: {over:?}");
                assert!(begun.elapsed() < PATIENCE, "the server does not answer: {error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test]
async fn every_statement_can_be_prepared_on_postgresql() {
    if postgres::programs().is_none() {
        assert!(!is_ci(), "PostgreSQL is missing: apt-get install postgresql");
        println!("SKIPPED: no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql");
        return;
    }
    let mut server = Postgres::start(&["fsync=off"], &[], &[]).expect("a server");
    let client = connect(&mut server).await;
    for migration in migrations::POSTGRES {
        client.batch_execute(migration.sql).await.expect(migration.name);
    }
    for query in queries::each() {
        let prepared = client.prepare(query.sql).await;
        let prepared = prepared.unwrap_or_else(|error| unreachable!("{}: {error:?}", query.name));
        for wanted in prepared.params() {
            assert!(TYPES.contains(wanted), "{} wants a value of {wanted}", query.name);
        }
        for column in prepared.columns() {
            let given = column.type_();
            assert!(TYPES.contains(given), "{} gives {} as {given}", query.name, column.name());
        }
    }
}
