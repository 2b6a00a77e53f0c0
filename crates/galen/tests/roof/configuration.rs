//! The configuration from the outside: layers, origins, refusals.

use crate::house::House;

#[test]
fn no_configuration_is_needed_and_every_value_says_where_it_comes_from() {
    let house = House::new();
    house.write("galen.toml", "[server]\n\nlisten = \"127.0.0.1:9001\"\ndrain = \"3s\"\n");
    let words = ["config", "show", "--json", "--database", "other.db"];
    let shown = house.run_with(&words, &[("GALEN__SERVER__DRAIN", "4s")]).json();
    assert_eq!(shown["server.listen"]["origin"], "galen.toml:3");
    assert_eq!(shown["server.listen"]["value"], "127.0.0.1:9001");
    assert_eq!(shown["server.drain"]["origin"], "$GALEN__SERVER__DRAIN");
    assert_eq!(shown["server.drain"]["value"], "4s");
    assert_eq!(shown["database.path"]["origin"], "--database");
    assert_eq!(shown["sessions.idle"]["origin"], "default");
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_key() {
    let house = House::new();
    house.write("galen.toml", "[server]\nlisten = \"127.0.0.1:9001\"\npublic_ulr = \"x\"\n");
    let ran = house.run(&["config", "check"]);
    assert_eq!(ran.code, 78, "{ran:?}");
    assert!(ran.stderr.contains("galen.toml:3"), "{ran:?}");
    assert!(ran.stderr.contains("did you mean `server.public_url`?"), "{ran:?}");
}

#[test]
fn everything_wrong_is_said_at_once() {
    let house = House::new();
    house.write(
        "galen.toml",
        "[sessions]\nidle = 7\nabsolute = \"1 fortnight\"\n[sesions]\nidle = \"1d\"\n",
    );
    let ran = house.run(&["config", "check"]);
    for part in [
        "wrong in 3 places",
        "`sessions.idle` must be a time",
        "`fortnight` is not one of",
        "did you mean `[sessions]`?",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {ran:?}");
    }
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    let house = House::new();
    house.write("galen.toml", "[server]\nlisten = \n");
    let ran = house.run(&["config", "check"]);
    assert_eq!(ran.code, 78);
    assert!(ran.stderr.contains("galen.toml:2"), "{ran:?}");
}

#[test]
fn a_named_file_must_exist() {
    let ran = House::new().run(&["config", "check", "--config", "missing.toml"]);
    assert_eq!(ran.code, 78);
    assert!(ran.stderr.contains("missing.toml"), "{ran:?}");
}

#[test]
fn plain_http_beyond_loopback_is_refused_with_the_way_out() {
    let house = House::new();
    let ran = house.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(ran.code, 78, "{ran:?}");
    assert!(ran.stderr.contains("--public-url https://"), "{ran:?}");
    assert!(!house.file("dev.db").exists(), "nothing may be made before the refusal");
}

#[test]
fn durability_cannot_be_given_up_by_accident() {
    let house = House::new();
    let off = [("GALEN__DATABASE__SYNCHRONOUS", "off")];
    let ran = house.run_with(&["serve", "--listen", "127.0.0.1:0"], &off);
    assert_eq!(ran.code, 78, "{ran:?}");
    assert!(ran.stderr.contains("i_accept_data_loss"), "{ran:?}");
}

#[test]
fn a_wrong_command_line_ends_with_64_and_a_bare_one_with_help() {
    let house = House::new();
    assert_eq!(house.run(&["sevre"]).code, 64);
    assert_eq!(house.run(&["serve", "--lisen", "x"]).code, 64);
    let bare = house.run(&[]);
    assert_eq!(bare.code, 0);
    assert!(format!("{}{}", bare.stdout, bare.stderr).contains("galen serve"), "{bare:?}");
}

#[test]
fn the_printed_example_is_a_configuration() {
    let house = House::new();
    let example = house.run(&["config", "example"]).stdout;
    house.write("galen.toml", &example);
    assert_eq!(house.run(&["config", "check"]).code, 0);
}

#[cfg(not(feature = "otlp"))]
#[test]
fn an_export_that_this_build_does_not_have_is_refused_with_the_build_that_has_it() {
    let house = House::new();
    house.write("galen.toml", "[monitor]\notlp_endpoint = \"http://127.0.0.1:4318\"\n");
    let ran = house.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 78, "{ran:?}");
    for part in ["galen.toml:2", "`monitor.otlp_endpoint`", "--features otlp"] {
        assert!(ran.stderr.contains(part), "{part}: {ran:?}");
    }
}
