//! API keys from the terminal: made, used, listed and revoked, with and without a server.

use crate::house::House;

fn tell(server: &crate::house::Server, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    server.ask("POST", "/api/notify/admin@example.org", &headers, "The backup is done").status
}

#[test]
fn a_key_made_without_a_server_works_until_it_is_revoked() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let made = house.run(&["keys", "add", "backup", "--expires-in", "30d", "--json"]);
    assert_eq!(made.code, 0, "{made:?}");
    let token = made.json()["token"].as_str().expect("a token").to_owned();
    let id = made.json()["key"]["id"].as_str().expect("an id").to_owned();
    let server = house.serve();
    assert_eq!(tell(&server, &token), 201);
    let listed = house.run(&["keys", "list", "--json"]);
    assert_eq!(listed.json()[0]["name"], "backup", "{listed:?}");
    assert!(!listed.stdout.contains(&token), "the list shows a token");
    assert_eq!(house.run(&["keys", "revoke", &id]).code, 0);
    assert_eq!(tell(&server, &token), 401);
    assert_eq!(house.run(&["keys", "revoke", &id]).code, 1, "it is revoked already");
    assert!(!server.log().contains(&token), "the token is in the log");
}

#[test]
fn a_key_made_through_the_server_works_at_once_and_within_its_scope() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let server = house.serve();
    let made = house.run(&["keys", "add", "shop", "--scope", "notify:broadcast"]);
    assert_eq!(made.code, 0, "{made:?}");
    let token = made.stdout.lines().last().expect("a token").to_owned();
    assert!(token.starts_with("gk_"), "{made:?}");
    assert_eq!(tell(&server, &token), 403);
    assert_eq!(house.run(&["keys", "add", "x", "--scope", "everything"]).code, 64);
}
