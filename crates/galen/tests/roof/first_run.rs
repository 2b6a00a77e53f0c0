//! The first start: a setup link that works once, for whoever can read the file.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::house::{House, PASSWORD, Server};

fn token(house: &House, server: &mut Server<'_>) -> String {
    let link = server.wait_for("the setup link", |_| {
        std::fs::read_to_string(house.file("dev.db.setup-link")).ok()
    });
    let (url, token) = link.trim().split_once("/setup#token=").expect("the secret in the fragment");
    assert_eq!(url, format!("http://{}", server.address()));
    token.to_owned()
}

#[test]
fn the_setup_link_is_private_works_once_and_goes_with_the_server() {
    let house = House::new();
    let mut server = house.serve();
    let token = token(&house, &mut server);
    let mode =
        std::fs::metadata(house.file("dev.db.setup-link")).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    assert!(!server.log().contains(&token), "the secret is in the log");
    assert_eq!(server.get("/setup").status, 200);

    let form = |email: &str| json!({ "token": token, "email": email, "name": "First", "password": PASSWORD });
    let first = server.post("/api/setup", &form("first@example.org"));
    assert!((200..300).contains(&first.status), "{first:?}");
    let second = server.post("/api/setup", &form("second@example.org"));
    assert_eq!(second.status, 403, "{second:?}");
    assert_eq!(second.json()["code"], "auth.setup_not_possible");
    assert_eq!(server.login("first@example.org").status, 200);

    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.wait(), 0);
    assert!(!house.file("dev.db.setup-link").exists());
}

#[test]
fn an_installation_with_an_admin_offers_no_link() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let mut server = house.serve();
    // The log says `serving` before a link would be offered, and answers come after both.
    assert_eq!(server.login("admin@example.org").status, 200);
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.wait(), 0);
    assert!(!house.file("dev.db.setup-link").exists());
    assert!(!server.log().contains("setup link"), "{}", server.log());
}

#[test]
fn the_commands_of_the_original_report_work_against_a_fresh_start() {
    let house = House::new();
    let server = house.serve();
    assert_eq!(server.get("/api/auth/csrf").status, 200);
    assert_eq!(server.get("/test-cors").status, 200);
    let notifications = server.get("/api/notifications");
    assert_eq!(notifications.status, 401);
    assert_eq!(notifications.json()["code"], "auth.not_signed_in");
    let login = server.login("nobody@example.org");
    assert_eq!(login.status, 401);
    assert_eq!(login.json()["code"], "auth.wrong_credentials");
}
