//! The generated files are what this binary prints.

use crate::house::House;

fn kept(path: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    std::fs::read_to_string(format!("{root}/{path}")).unwrap_or_default()
}

#[test]
fn no_generated_file_is_stale() {
    let house = House::new();
    for (name, path) in [
        ("example-config", "galen.example.toml"),
        ("config-reference", "docs/reference/configuration.md"),
        ("cli", "docs/reference/cli.md"),
        ("openapi", "docs/reference/openapi.json"),
        ("checks", "docs/reference/checks.md"),
    ] {
        let fresh = house.run(&["__generate", name]);
        assert_eq!(fresh.code, 0, "{fresh:?}");
        assert!(kept(path) == fresh.stdout, "{path} is stale: run `cargo xtask codegen`");
    }
}
