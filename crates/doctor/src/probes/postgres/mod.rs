//! The PostgreSQL lens: one read-only session, and the join of its backends with the server's sockets.

mod activity;
mod explain;
mod server;
pub mod session;
mod sockets;
mod statements;
mod tables;
pub mod watch;

use super::scene::Scene;
use crate::evidence::{FactKey, object};
use crate::progress::Stage;

/// Opens the session and takes the first readings, before anything is asked of the server.
pub async fn open(scene: &Scene<'_>) {
    sockets::publish(scene);
    if scene.target.postgres.is_none() {
        return;
    }
    scene.step(Stage::Discover, "PostgreSQL");
    let Some(session) = session::connect(scene).await else { return };
    server::publish(scene, &session).await;
    statements::begin(scene, &session).await;
    tables::begin(scene, &session).await;
}

/// Takes the last readings and asks for the plans of what our requests made it run.
pub async fn conclude(scene: &Scene<'_>) {
    sockets::publish(scene);
    let Some(session) = scene.postgres() else {
        if scene.target.postgres.is_none() {
            scene.missing(FactKey::PgVersion, object::TARGET, sockets::how_to_look(scene));
        }
        return;
    };
    scene.step(Stage::Inspect, "statements and tables of PostgreSQL");
    server::publish_sessions(scene, &session).await;
    tables::conclude(scene, &session).await;
    statements::conclude(scene, &session).await;
}
