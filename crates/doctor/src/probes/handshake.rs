//! The TLS handshake of an https address: whether its certificate is believed, and why not.

use super::scene::Scene;
use crate::evidence::{FactKey, Source, object, redact};
use crate::http::{Ask, Client, Outcome, Trust, Url};
use crate::progress::Stage;

/// Shakes hands when the URL is an https one. The probes of requests speak plain HTTP only.
pub async fn run(scene: &Scene<'_>) {
    let Some(url) = scene.target.url.as_deref().and_then(|url| Url::parse(url).ok()) else {
        return;
    };
    let name = redact::text(&url.to_string());
    if !name.starts_with("https://") {
        let source = Source::new("handshake", "the scheme of the URL", "echo URL");
        scene.fact(FactKey::TlsOutcome, &name, "there is no handshake", &source);
        return;
    }
    scene.step(Stage::Discover, "TLS");
    let ask = Ask {
        dial: None,
        headers: Vec::new(),
        timeout: scene.target.caps.request_deadline,
        body_bytes_max: 0,
    };
    let client = Client::new("galen-doctor", Trust::Machine);
    let answer = client.get(&url, ask).await;
    let source = Source::new(
        "handshake",
        format!("TLS handshake with {name}, verified against this machine's trusted certificates"),
        format!("openssl s_client -connect {0}:443 -servername {0} </dev/null", url.host()),
    );
    let outcome = match answer.outcome {
        Outcome::Status(_) => "accepted".to_owned(),
        other => other.label(),
    };
    scene.fact(FactKey::ConnectOutcome, &name, outcome, &source);
    match (answer.tls, answer.outcome) {
        (Some(took), _) => {
            scene.fact(FactKey::TlsOutcome, &name, "trusted", &source);
            let took_ms = took.as_secs_f64() * 1000.0;
            scene.fact(FactKey::TlsHandshakeMs, &name, took_ms, &source);
        }
        (None, Outcome::Tls | Outcome::Protocol) => {
            let why = answer.why.unwrap_or_else(|| "what answers there speaks no TLS".to_owned());
            scene.fact(FactKey::TlsOutcome, &name, redact::text(&why), &source);
        }
        (None, other) => scene.missing(FactKey::TlsOutcome, &name, other.label()),
    }
    let reason = "HTTPS is not spoken by the probes of requests: name the plain address behind it";
    scene.missing(FactKey::HttpTotalMs, object::TARGET, reason);
}
