//! Mail over real SMTP: encryption, authentication, refusals, and what a server that hangs costs.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use galen_core::post::{
    Channel, Courier, DeliveryFailure, Destination, Language, Letter, LetterCode, Param, Parcel,
    Receipt,
};
use galen_core::{Id, ParcelId, Secret, UnixMs};
use galen_post::{Letters, Security, Smtp, SmtpLogin, SmtpSettings, SmtpSettingsError};
use galen_tests::galen::free_port;
use galen_tests::smtp::{Certificate, Protection, SmtpServer};

fn settings(port: u16, security: Security) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        port,
        security,
        login: None,
        from: "گالن <galen@example.org>".to_owned(),
        hello: "galen.example.org".to_owned(),
        roots_pem: None,
        timeout: Duration::from_secs(10),
    }
}

fn login(password: &str) -> Option<SmtpLogin> {
    Some(SmtpLogin { user: "galen".to_owned(), password: Secret::new(password.to_owned()) })
}

fn courier(settings: SmtpSettings) -> Result<Smtp> {
    Ok(Smtp::new(settings, Arc::new(Letters::new()?))?)
}

fn parcel(number: u8, address: &str, language: Language) -> Parcel {
    Parcel {
        id: ParcelId(Id::from_bytes([number; 16])),
        destination: Destination::Mailbox { address: address.to_owned() },
        letter: Letter {
            code: LetterCode::Test,
            language,
            params: vec![
                ("by".to_owned(), Param::Text("Sara".to_owned())),
                ("at".to_owned(), Param::Moment(UnixMs(1_795_838_400_000))),
            ],
            links: Vec::new(),
            house: "example.org".to_owned(),
        },
        attempt: 1,
        created_at: UnixMs(1_795_838_400_000),
    }
}

async fn send(courier: &Smtp, address: &str) -> Result<Receipt, DeliveryFailure> {
    courier.deliver(&parcel(1, address, Language::En)).await
}

fn certificate(folder: &Path) -> Result<Certificate> {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, issued.cert.pem())?;
    std::fs::write(&key, issued.signing_key.serialize_pem())?;
    Ok(Certificate { certificate, key })
}

fn trusting(certificate: &Certificate, settings: SmtpSettings) -> Result<SmtpSettings> {
    let roots_pem = Some(std::fs::read(&certificate.certificate)?);
    Ok(SmtpSettings { roots_pem, ..settings })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_with_both_parts_and_the_server_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = SmtpServer::start(folder.path()).unwrap();
    let courier = courier(settings(server.port(), Security::PlainLoopback)).unwrap();
    assert_eq!(courier.channel(), Channel::Email);
    let receipt = send(&courier, "sara@example.org").await.unwrap();
    assert_eq!(receipt.says, "250 2.0.0 Ok: queued as 000001");
    let fa = courier.deliver(&parcel(2, "سارا@example.org", Language::Fa)).await.unwrap();
    assert!(fa.says.starts_with("250 "), "{fa:?}");
    let mails = server.mails().unwrap();
    assert_eq!(mails.len(), 2);
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.as_slice()),
        ("galen@example.org", &["sara@example.org".to_owned()][..])
    );
    assert!(!mails[0].encrypted);
    for part in [
        "multipart/alternative",
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
        "Auto-Submitted: auto-generated",
        "Sara sent this mail",
    ] {
        assert!(mails[0].data.contains(part), "{part}: {}", mails[0].data);
    }
    assert_eq!(mails[1].to, ["سارا@example.org"]);
    assert!(mails[1].data.contains("Content-Language: fa"), "{}", mails[1].data);
    // One connection served both.
    assert_eq!(mails[0].connection, mails[1].connection);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_for_now_is_tried_again_and_what_it_refuses_for_good_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = SmtpServer::start(folder.path()).unwrap();
    let courier = courier(settings(server.port(), Security::PlainLoopback)).unwrap();
    for (address, code) in [
        ("answers-451@example.org", "451 "),
        ("answers-421@example.org", "421 "),
        ("data-450@example.org", "450 "),
    ] {
        let failure = send(&courier, address).await.unwrap_err();
        assert!(matches!(failure, DeliveryFailure::Transient { .. }), "{address}: {failure:?}");
        assert!(failure.to_string().starts_with(code), "{failure}");
    }
    for (address, code) in [("answers-550@example.org", "550 "), ("data-552@example.org", "552 ")] {
        let failure = send(&courier, address).await.unwrap_err();
        assert!(matches!(failure, DeliveryFailure::Permanent { .. }), "{address}: {failure:?}");
        assert!(failure.to_string().starts_with(code), "{failure}");
    }
    assert!(server.mails().unwrap().is_empty());
    send(&courier, "sara@example.org").await.unwrap();
    assert_eq!(server.mails().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn starttls_and_a_password_protect_every_mail() {
    let folder = tempfile::tempdir().unwrap();
    let shown = certificate(folder.path()).unwrap();
    let protection = Protection::StartTls(shown.clone());
    let login_of_server = Some(("galen", "secret words"));
    let server =
        SmtpServer::start_with(folder.path(), free_port().unwrap(), &protection, login_of_server)
            .unwrap();
    let signed_in = |password| SmtpSettings {
        login: login(password),
        ..trusting(&shown, settings(server.port(), Security::StartTls)).unwrap()
    };
    send(&courier(signed_in("secret words")).unwrap(), "sara@example.org").await.unwrap();
    let mails = server.mails().unwrap();
    assert!(mails[0].encrypted && mails[0].user.as_deref() == Some("galen"), "{mails:?}");
    // A wrong password is the house's own fault: the mail waits until it is put right.
    let failure =
        send(&courier(signed_in("wrong words")).unwrap(), "sara@example.org").await.unwrap_err();
    assert!(matches!(failure, DeliveryFailure::Transient { .. }), "{failure:?}");
    assert!(failure.to_string().contains("signing in: 535"), "{failure}");
    assert!(!failure.to_string().contains("wrong words"), "{failure}");
    assert_eq!(server.mails().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_from_the_first_byte_wants_a_certificate_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let shown = certificate(folder.path()).unwrap();
    let protection = Protection::Tls(shown.clone());
    let server =
        SmtpServer::start_with(folder.path(), free_port().unwrap(), &protection, None).unwrap();
    let plain = settings(server.port(), Security::Tls);
    send(&courier(trusting(&shown, plain.clone()).unwrap()).unwrap(), "sara@example.org")
        .await
        .unwrap();
    assert!(server.mails().unwrap()[0].encrypted);
    let failure = send(&courier(plain).unwrap(), "sara@example.org").await.unwrap_err();
    assert!(matches!(failure, DeliveryFailure::Transient { .. }), "{failure:?}");
    assert_eq!(server.mails().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_offers_no_starttls_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = SmtpServer::start(folder.path()).unwrap();
    let strict = SmtpSettings {
        login: login("secret words"),
        ..settings(server.port(), Security::StartTls)
    };
    let failure = send(&courier(strict).unwrap(), "sara@example.org").await.unwrap_err();
    assert!(failure.to_string().contains("STARTTLS is not supported"), "{failure}");
    assert!(server.mails().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_or_silent_is_no_loss_and_no_success() {
    let nobody = courier(settings(free_port().unwrap(), Security::PlainLoopback)).unwrap();
    let failure = send(&nobody, "sara@example.org").await.unwrap_err();
    assert!(matches!(failure, DeliveryFailure::Transient { .. }), "{failure:?}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let hasty = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        timeout: Duration::from_millis(300),
        ..settings(port, Security::PlainLoopback)
    };
    let failure = send(&courier(hasty).unwrap(), "sara@example.org").await.unwrap_err();
    assert_eq!(failure.to_string(), "the mail server did not answer in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_given_up_is_never_taken_for_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = SmtpServer::start(folder.path()).unwrap();
    let patient = SmtpSettings {
        timeout: Duration::from_secs(2),
        ..settings(server.port(), Security::PlainLoopback)
    };
    let courier = courier(patient).unwrap();
    send(&courier, "sara@example.org").await.unwrap();
    send(&courier, "hangs@example.org").await.unwrap_err();
    let failure = send(&courier, "answers-550@example.org").await.unwrap_err();
    assert!(failure.to_string().starts_with("550 "), "{failure}");
    let receipt = send(&courier, "sara@example.org").await.unwrap();
    assert_eq!(receipt.says, "250 2.0.0 Ok: queued as 000002");
    let connections: Vec<i64> =
        server.mails().unwrap().iter().map(|mail| mail.connection).collect();
    assert_ne!(connections[0], connections[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_gets_the_mail_over_a_new_connection() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port().unwrap();
    let start = || SmtpServer::start_with(folder.path(), port, &Protection::Plain, None).unwrap();
    let server = start();
    let courier = courier(settings(port, Security::PlainLoopback)).unwrap();
    send(&courier, "sara@example.org").await.unwrap();
    drop(server);
    send(&courier, "sara@example.org").await.unwrap_err();
    let server = start();
    send(&courier, "sara@example.org").await.unwrap();
    assert_eq!(server.mails().unwrap().len(), 2);
}

#[test]
fn settings_that_show_a_mail_or_a_password_to_others_are_refused() {
    let refused = |settings| Smtp::new(settings, Arc::new(Letters::new().unwrap())).err();
    let remote =
        |security| SmtpSettings { host: "mail.example.org".to_owned(), ..settings(25, security) };
    let host = || "mail.example.org".to_owned();
    assert_eq!(
        refused(remote(Security::PlainLoopback)),
        Some(SmtpSettingsError::PlainRemote(host()))
    );
    assert_eq!(refused(remote(Security::PlainAnywhere)), None);
    let signed_in =
        SmtpSettings { login: login("secret words"), ..remote(Security::PlainAnywhere) };
    assert_eq!(refused(signed_in), Some(SmtpSettingsError::PlainPassword(host())));
    let hello = SmtpSettings { hello: "a\r\nQUIT".to_owned(), ..remote(Security::Tls) };
    assert!(matches!(refused(hello), Some(SmtpSettingsError::Hello(_))));
    let from = SmtpSettings { from: "a@b.c\r\nBcc: d@e.f".to_owned(), ..remote(Security::Tls) };
    assert_eq!(refused(from), Some(SmtpSettingsError::From));
}
