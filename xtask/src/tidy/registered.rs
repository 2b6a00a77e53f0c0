//! Every source file is reached by a `mod` line, and every check, repair and route by its list.

use super::Fault;
use super::house::{House, Source};

/// Folders with a list in their `mod.rs`, and the type of the constants it must name.
const LISTED: &[(&str, &str)] =
    &[("crates/doctor/src/checks", "Cause"), ("crates/doctor/src/repairs", "Repair")];

/// Where every route file must be named in a `routes!` line of its folder or the one above.
const ROUTES: &str = "crates/http/src/routes";

/// Holds every file below a `src` folder.
pub fn judge(house: &House) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in house.sources.iter().filter(|source| source.path.contains("src/")) {
        let Some((parents, name)) = parents(&source.path) else {
            continue;
        };
        let mut above = house.sources.iter().filter(|other| parents.contains(&other.path));
        let Some(parent) = above.find(|other| declares(other, &name)) else {
            let folder = parents.first().map_or("", |first| first.trim_end_matches("/mod.rs"));
            let says = format!("no `mod {name};` above it in {folder}: the file is never compiled");
            faults.push(Fault::at(&source.path, says));
            continue;
        };
        let is_folder = source.path.ends_with("/mod.rs");
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (listed, kind) in LISTED.iter().filter(|(listed, _)| *listed == folder) {
            for constant in constants_of(source, kind).iter().filter(|_| !is_folder) {
                if !parent.text.contains(&format!("{name}::{constant}")) {
                    let says =
                        format!("`{name}::{constant}` is not in the list ALL of {listed}/mod.rs");
                    faults.push(Fault::at(&source.path, says));
                }
            }
        }
        if folder.starts_with(ROUTES)
            && !is_folder
            && answers(source)
            && !is_routed(house, folder, &name)
        {
            faults.push(Fault::at(&source.path, format!("`{name}` is in no `routes!` line")));
        }
    }
    faults
}

/// The files that may declare this one, and the name they would declare it by.
fn parents(path: &str) -> Option<(Vec<String>, String)> {
    let (folder, file) = path.rsplit_once('/')?;
    let stem = file.strip_suffix(".rs")?;
    if matches!(stem, "lib" | "main" | "build") || folder.ends_with("/bin") {
        return None;
    }
    let (home, name) = if stem == "mod" { folder.rsplit_once('/')? } else { (folder, stem) };
    let beside = |file: &str| format!("{home}/{file}");
    Some((
        vec![beside("mod.rs"), beside("lib.rs"), beside("main.rs"), format!("{home}.rs")],
        name.to_owned(),
    ))
}

fn declares(source: &Source, name: &str) -> bool {
    source.syntax.items.iter().any(|item| match item {
        syn::Item::Mod(item) => item.content.is_none() && item.ident == name,
        _ => false,
    })
}

/// The file's constants of one type.
pub fn constants_of(source: &Source, kind: &str) -> Vec<String> {
    let of_kind = |item: &syn::Item| match item {
        syn::Item::Const(item) => match &*item.ty {
            syn::Type::Path(path) => path.path.is_ident(kind).then(|| item.ident.to_string()),
            _ => None,
        },
        _ => None,
    };
    source.syntax.items.iter().filter_map(of_kind).collect()
}

/// Whether a route file holds a handler: a function that utoipa documents as a path.
fn answers(source: &Source) -> bool {
    source.text.contains("utoipa::path")
}

/// Whether some `routes!` line of the room names the handler by its noun and verb.
fn is_routed(house: &House, folder: &str, name: &str) -> bool {
    let noun = folder.strip_prefix(ROUTES).unwrap_or_default().trim_start_matches('/');
    let named = if noun.is_empty() { format!("{name}::") } else { format!("{noun}::{name}::") };
    let has_routes = |other: &&Source| {
        other.path.starts_with("crates/http/src/") && other.text.contains("routes!")
    };
    house
        .sources
        .iter()
        .filter(has_routes)
        .any(|other| other.text.contains(&named.replace('/', "::")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_no_mod_line_names_is_found() {
        let house = House::planted(&[
            ("crates/x/src/lib.rs", "mod a;"),
            ("crates/x/src/a.rs", ""),
            ("crates/x/src/lost.rs", ""),
        ]);
        let faults = judge(&house);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].place, "crates/x/src/lost.rs");
    }

    #[test]
    fn a_check_that_is_not_in_the_list_is_found() {
        let list = "mod stale_lock; mod zombies; const ALL: &[&Cause] = &[&stale_lock::CAUSE];";
        let check = "const CAUSE: Cause = Cause {};";
        let house = House::planted(&[
            ("crates/doctor/src/lib.rs", "mod checks;"),
            ("crates/doctor/src/checks/mod.rs", list),
            ("crates/doctor/src/checks/stale_lock.rs", check),
            ("crates/doctor/src/checks/zombies.rs", check),
        ]);
        let faults = judge(&house);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].place, "crates/doctor/src/checks/zombies.rs");
    }

    #[test]
    fn a_handler_that_no_route_reaches_is_found() {
        let handler = "#[utoipa::path(get, path = \"/x\")] fn handler() {}";
        let house = House::planted(&[
            ("crates/http/src/lib.rs", "mod routes;"),
            ("crates/http/src/routes/mod.rs", "mod me; mod you; fn all() { routes!(me::handler) }"),
            ("crates/http/src/routes/me.rs", handler),
            ("crates/http/src/routes/you.rs", handler),
        ]);
        let faults = judge(&house);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].place, "crates/http/src/routes/you.rs");
    }

    #[test]
    fn a_route_of_another_noun_does_not_count_as_this_one() {
        let handler = "#[utoipa::path(get, path = \"/x\")] fn handler() {}";
        let house = House::planted(&[
            ("crates/http/src/lib.rs", "mod routes;"),
            (
                "crates/http/src/routes/mod.rs",
                "mod me; mod you; fn all() { routes!(me::read::read) }",
            ),
            ("crates/http/src/routes/me/mod.rs", "mod read;"),
            ("crates/http/src/routes/me/read.rs", handler),
            ("crates/http/src/routes/you/mod.rs", "mod read;"),
            ("crates/http/src/routes/you/read.rs", handler),
        ]);
        let places: Vec<String> = judge(&house).into_iter().map(|fault| fault.place).collect();
        assert_eq!(places, ["crates/http/src/routes/you/read.rs"]);
    }

    #[test]
    fn a_module_may_have_its_folder_beside_its_file() {
        let house = House::planted(&[
            ("crates/x/src/lib.rs", "mod a;"),
            ("crates/x/src/a.rs", "mod b;"),
            ("crates/x/src/a/b.rs", ""),
        ]);
        assert!(judge(&house).is_empty());
    }
}
