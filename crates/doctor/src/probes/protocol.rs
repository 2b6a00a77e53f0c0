//! Requests asked in different ways, one kind after the other, so that none disturbs another's count.

use super::scene::Scene;
use super::{cors, limiter, peer_facts, sessions};

/// Round trips, origins, cookies, and the limiter.
pub async fn run(scene: &Scene<'_>) {
    peer_facts::run(scene).await;
    let Some(address) = scene.found().address else { return };
    cors::run(scene, &address).await;
    sessions::run(scene, &address).await;
    limiter::run(scene, &address).await;
}
