//! One Galen a database and a port: whoever comes second learns who was first.

use crate::house::House;

#[test]
fn a_second_galen_on_the_same_database_names_the_first() {
    let house = House::new();
    let server = house.serve();
    let ran = house.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 75, "{ran:?}");
    assert!(ran.stderr.contains(&format!("process {} (", server.pid())), "{ran:?}");
    assert!(ran.stderr.contains("serve --listen 127.0.0.1:0"), "{ran:?}");
    assert!(ran.stderr.contains(" since 20"), "{ran:?}");
    assert_eq!(server.get("/livez").status, 200);
}

#[test]
fn a_second_galen_on_the_same_port_names_the_first() {
    let house = House::new();
    let server = house.serve();
    let other = House::new();
    let ran = other.run(&["serve", "--listen", &server.address().to_string()]);
    assert_eq!(ran.code, 75, "{ran:?}");
    assert!(ran.stderr.contains(&format!("process {} (", server.pid())), "{ran:?}");
    assert!(!other.file("dev.db").exists(), "nothing may be made before the refusal");
}

#[test]
fn the_same_database_under_another_name_is_the_same_database() {
    let house = House::new();
    let _server = house.serve();
    std::os::unix::fs::symlink(house.file("dev.db"), house.file("alias.db")).expect("a link");
    let ran = house.run(&["serve", "--listen", "127.0.0.1:0", "--database", "alias.db"]);
    assert_eq!(ran.code, 75, "{ran:?}");
}

#[test]
fn what_a_killed_server_left_does_not_stop_the_next_one() {
    let house = House::new();
    let mut server = house.serve();
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    drop(server);
    assert!(house.file("dev.db.sock").exists(), "a killed server leaves its socket");
    assert_eq!(house.run(&["status"]).code, 1);
    let server = house.serve();
    assert_eq!(server.get("/livez").status, 200);
}
