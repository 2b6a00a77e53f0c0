//! The keys: made at the first start, private, kept.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use crate::house::House;

#[test]
fn everything_beside_the_database_is_private() {
    let house = House::new();
    let _server = house.serve();
    for name in ["dev.db", "dev.db.keys", "dev.db.lock", "dev.db.sock"] {
        let mode = std::fs::metadata(house.file(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}

#[test]
fn keys_that_others_can_read_are_refused_with_the_command_that_helps() {
    let house = House::new();
    drop(house.serve());
    let keys = house.file("dev.db.keys");
    let before = std::fs::read_to_string(&keys).expect("the keys");
    std::fs::set_permissions(&keys, Permissions::from_mode(0o644)).expect("they are ours");
    let ran = house.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 78, "{ran:?}");
    assert!(ran.stderr.contains("chmod 600"), "{ran:?}");
    std::fs::set_permissions(&keys, Permissions::from_mode(0o600)).expect("they are ours");
    drop(house.serve());
    assert_eq!(std::fs::read_to_string(&keys).expect("the keys"), before);
}

#[test]
fn the_keys_can_stand_elsewhere() {
    let house = House::new();
    house.write("galen.toml", "[database]\nkeys_file = \"secret.keys\"\n");
    drop(house.serve());
    assert!(house.file("secret.keys").exists());
    assert!(!house.file("dev.db.keys").exists());
}
