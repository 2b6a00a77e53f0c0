//! The suite of the testkit on SQLite: every behaviour on a database of its own.

use std::sync::Arc;

use galen_store::{SqliteSettings, SqliteStore};
use galen_testkit::NullObserver;
use galen_testkit::conformance::{self, Bench};
use galen_testkit::samples::Samples;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_behaviour_of_the_port_holds_on_sqlite() {
    for behaviour in conformance::each() {
        let folder = tempfile::tempdir().expect("a folder for the database");
        let samples = Samples::default();
        let settings = SqliteSettings::at(folder.path().join("galen.db"));
        let store = SqliteStore::open(settings, samples.clock.clone(), Arc::new(NullObserver));
        let store = Arc::new(store.expect("the database is opened"));
        println!("{}", behaviour.name);
        (behaviour.show)(Bench { store: store.clone(), samples }).await;
        store.close();
    }
}
