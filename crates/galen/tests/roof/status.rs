//! `galen status`: one command that says how the installation is.

use crate::house::House;

#[test]
fn a_running_server_tells_all_of_it() {
    let house = House::new();
    house.add_admin("admin@example.org");
    let mut server = house.serve();
    assert_eq!(server.login("admin@example.org").status, 200);
    assert_eq!(server.get("/api/notifications").status, 401);
    let status = house.run(&["status", "--json"]);
    assert_eq!(status.code, 0, "{status:?}");
    let status = status.json();
    assert_eq!(status["server"]["pid"], server.pid());
    assert_eq!(status["counts"]["users"], 1);
    assert_eq!(status["counts"]["sessions_active"], 1);
    assert_eq!(status["counts"]["sessions_expired"], 0);
    assert!(status["database"]["size_bytes"].as_u64() > Some(0), "{status}");
    assert!(status["database"]["query_ns"].as_u64() > Some(0), "{status}");
    assert!(status["hash"]["hashes_done"].as_u64() > Some(0), "{status}");
    assert_eq!(status["health"]["ready"], true, "{status}");
    let resources = status["health"]["resources"].as_array().expect("a list");
    assert!(resources.iter().any(|state| state["resource"] == "writer_lock"), "{status}");
    assert!(status["history"]["cap_bytes"].as_u64() > Some(0), "{status}");
    let routes = status["routes"].as_array().expect("a list");
    let refused = routes.iter().find(|row| row["route"] == "/api/notifications").expect("its row");
    assert_eq!(refused["client_errors"], 1);
    server.wait_for("the tasks' first runs", |_| {
        let status = house.run(&["status", "--json"]).json();
        let tasks = status["tasks"].as_array()?.clone();
        let upkeep = tasks.iter().find(|task| task["name"] == "upkeep.decide")?;
        for kind in ["optimize", "checkpoint", "vacuum"] {
            // Maintenance that does not run says why.
            upkeep["last_did"][kind]["declined"].as_str()?;
        }
        let canary = tasks.iter().find(|task| task["name"] == "canary")?;
        (canary["runs"].as_u64()? > 0 && canary["last_did"]["ready"] == true).then_some(())
    });
}

#[test]
fn people_get_a_page_of_it() {
    let house = House::new();
    let server = house.serve();
    assert_eq!(server.get("/api/auth/csrf").status, 200);
    let status = house.run(&["status"]);
    assert_eq!(status.code, 0);
    for part in [
        "running",
        "ready since",
        "database",
        "disk",
        "history",
        "alerts",
        "sessions",
        "readers",
        "hashing",
        "GET /api/auth/csrf",
        "sessions.sweep",
        "monitor.tick",
        "upkeep.decide",
    ] {
        assert!(status.stdout.contains(part), "{part}: {}", status.stdout);
    }
    assert!(!status.stdout.contains('\u{1b}'), "colours on a pipe");
}

#[test]
fn without_a_server_it_says_so_and_changes_nothing() {
    let house = House::new();
    let ran = house.run(&["status"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("not running"), "{ran:?}");
    let left = std::fs::read_dir(house.file(".")).expect("the folder").count();
    assert_eq!(left, 0, "status left files behind");
}
