//! The export to a collector: the real binary, a real socket, and another implementation's reading.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod collector;
#[path = "../roof/house.rs"]
#[expect(dead_code, reason = "the roof's tests use all of it")]
mod house;
mod measured;
mod misbehaving;
mod spans;

use self::collector::{Collector, free_port};
use self::house::House;

/// A house that exports to a port, with more lines in its `[monitor]`, and with `/metrics`.
struct Exporting {
    house: House,
    port: u16,
    metrics: u16,
}

impl Exporting {
    fn new(more: &str) -> Self {
        Self::to("", more)
    }

    /// As [`Self::new`], to a path of the collector.
    fn to(path: &str, more: &str) -> Self {
        let (house, port, metrics) = (House::new(), free_port(), free_port());
        house.write(
            "otlp.toml",
            &format!(
                "[monitor]\notlp_endpoint = \"http://127.0.0.1:{port}{path}\"\n\
                 metrics_listen = \"127.0.0.1:{metrics}\"\n{more}\n[checks]\nown = []\n"
            ),
        );
        Self { house, port, metrics }
    }

    fn collector(&self, words: &[&str]) -> Collector {
        Collector::start(self.port, self.house.file("received"), words)
    }

    fn serve(&self) -> house::Server<'_> {
        self.house.serve_with(&["--config", "otlp.toml"])
    }

    /// What `/metrics` says.
    fn exposition(&self) -> String {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], self.metrics));
        let reply = house::ask(address, "GET", "/metrics", &[], "").expect("an answer");
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }
}
