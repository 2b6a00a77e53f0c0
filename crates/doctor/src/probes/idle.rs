//! The server before it is asked anything: so that parked pool threads are known as such.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::python::Spy;
use super::scene::Scene;
use super::watch::{self, Plan};
use super::windows;
use crate::evidence::object::{self, Window};
use crate::evidence::{FactKey, redact};
use crate::progress::Stage;

/// The length of the idle window.
const WINDOW: Duration = Duration::from_millis(600);

/// Attaches the Python reader, once, for all windows.
pub async fn attach(scene: &Scene<'_>) {
    let found = scene.found();
    let Some(pid) = found.pid.filter(|_| found.python) else { return };
    scene.step(Stage::Discover, "Python interpreter");
    match tokio::task::spawn_blocking(move || Spy::attach(pid)).await {
        Ok(Ok(spy)) => scene.attach(Arc::new(Mutex::new(spy))),
        Ok(Err(reason)) => {
            scene.missing(FactKey::PythonLines, object::process(pid), redact::text(&reason))
        }
        Err(error) => scene.missing(
            FactKey::PythonLines,
            object::process(pid),
            format!("py-spy ended early: {error}"),
        ),
    }
}

/// Watches the server without sending anything. Done again before requests are held, because the
/// series before made pool threads that were not there at first; the later facts are the ones used.
pub async fn run(scene: &Scene<'_>) {
    if scene.found().pids.is_empty() {
        return;
    }
    scene.step(Stage::Probe, "the server at rest");
    let window = watch::begin(Plan::of(scene, Vec::new()));
    tokio::time::sleep(WINDOW).await;
    let seen = window.end().await;
    windows::publish(scene, &Window::Idle, &seen);
}
