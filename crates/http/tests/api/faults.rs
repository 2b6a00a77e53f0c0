//! The faults of the proofs hurt in the phase they are made for, and are there only with the feature.

use crate::support::{TestApp, ok};

#[cfg(not(feature = "faults"))]
#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_build_has_no_faults() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    for fault in ["n_plus_one", "outbound?port=1", "block?ms=1", "busy?ms=1"] {
        let reply = ok(admin.get(&format!("/faults/{fault}")).await, 404);
        assert_eq!(reply.code(), "request.not_found");
    }
}

#[cfg(feature = "faults")]
mod built_in {
    use galen_core::Phase;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::support::eventually;

    /// The phase with the most time in the one request of this route.
    async fn worst(app: &TestApp, route: &str) -> Option<&'static str> {
        eventually("it is recorded", || app.records(route).len() == 1).await;
        let ledger = app.records(route).remove(0).ledger;
        ledger.spent().max_by_key(|(_, ns)| *ns).map(|(phase, _)| phase.name())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn n_plus_one_reads_row_by_row_for_whoever_is_signed_in() {
        let app = TestApp::start().await;
        let mut admin = app.admin().await;
        ok(app.client().get("/faults/n_plus_one").await, 401);
        // Finding who asks takes a statement of its own the first time.
        ok(admin.get("/api/me").await, 200);
        let before = app.observer.statements().len();
        ok(admin.get("/faults/n_plus_one?n=50").await, 204);
        assert_eq!(app.observer.statements().len() - before, 50);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn waiting_for_another_service_is_counted_as_that() {
        let app = TestApp::start().await;
        let other = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = other.local_addr().expect("an address").port();
        let answering = tokio::spawn(async move {
            let (mut stream, _) = other.accept().await.expect("a connection");
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.expect("a request");
            assert!(request[..read].starts_with(b"GET / HTTP/1.1\r\n"));
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("an answer");
        });
        ok(app.client().get(&format!("/faults/outbound?port={port}")).await, 204);
        answering.await.expect("it was asked");
        assert_eq!(worst(&app, "/faults/outbound").await, Some(Phase::Outbound.name()));
        ok(app.client().get("/faults/outbound").await, 422);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_thread_that_is_slept_on_is_counted_as_blocked() {
        let app = TestApp::start().await;
        ok(app.client().get("/faults/block?ms=300").await, 204);
        assert_eq!(worst(&app, "/faults/block").await, Some(Phase::Blocked.name()));
        ok(app.client().get("/faults/busy?ms=5").await, 204);
        ok(app.client().get("/faults/block?ms=20001").await, 422);
    }
}
