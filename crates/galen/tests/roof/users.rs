//! Accounts from the terminal: through the running server, or under its lock when none runs.

use crate::house::{House, PASSWORD};

fn add(house: &House, email: &str, more: &[&str]) -> crate::house::Ran {
    let mut words = vec!["user", "add", email, "--password-stdin"];
    words.extend(more);
    house.run_fed(&words, &format!("{PASSWORD}\n"))
}

#[test]
fn an_admin_made_without_a_server_can_sign_in_later() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let server = house.serve();
    let login = server.login("admin@example.org");
    assert_eq!(login.status, 200, "{login:?}");
    let cookie = login.cookie().expect("a cookie");
    let me = server.ask("GET", "/api/me", &[("Cookie", &cookie)], "");
    assert_eq!(me.json()["user"]["role"], "admin", "{me:?}");
}

#[test]
fn a_user_made_through_the_running_server_can_sign_in_at_once() {
    let house = House::new();
    let server = house.serve();
    let ran = add(&house, "user@example.org", &["--name", "A User", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["role"], "user");
    assert_eq!(server.login("user@example.org").status, 200);
    assert!(!server.log().contains(PASSWORD), "the password is in the log");
}

#[test]
fn what_the_rooms_refuse_is_said_with_the_way_out() {
    let house = House::new();
    let _server = house.serve();
    assert_eq!(add(&house, "user@example.org", &[]).code, 0);
    let taken = add(&house, "USER@example.org", &[]);
    assert_eq!(taken.code, 1);
    assert!(taken.stderr.contains("address"), "{taken:?}");
    let short = house.run_fed(&["user", "add", "b@example.org", "--password-stdin"], "short\n");
    assert_eq!(short.code, 1);
    assert!(short.stderr.contains("A few words"), "{short:?}");
}

#[test]
fn the_list_is_the_same_with_and_without_a_server() {
    let house = House::new();
    for number in 0..3 {
        assert_eq!(add(&house, &format!("user{number}@example.org"), &[]).code, 0);
    }
    let without = house.run(&["user", "list", "--json"]).json();
    assert_eq!(without.as_array().map(Vec::len), Some(3));
    assert_eq!(without[0]["email"], "user2@example.org");
    let server = house.serve();
    assert_eq!(house.run(&["user", "list", "--json"]).json(), without);
    let one = house.run(&["user", "list", "--limit", "1", "--json"]).json();
    assert_eq!(one.as_array().map(Vec::len), Some(1));
    drop(server);
}

#[test]
fn a_list_makes_no_database() {
    let house = House::new();
    let ran = house.run(&["user", "list"]);
    assert_eq!(ran.code, 1);
    assert!(!house.file("dev.db").exists());
}

#[test]
fn without_a_terminal_the_password_must_be_piped() {
    let ran = House::new().run(&["user", "add", "a@example.org"]);
    assert_eq!(ran.code, 64);
    assert!(ran.stderr.contains("--password-stdin"), "{ran:?}");
}
