//! Names that say nothing are not given to files or folders.

use super::Fault;
use super::house::House;

/// ALL banned names, without their endings.
const ALL: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc"];

/// Holds every file and folder of source code.
pub fn judge(house: &House) -> Vec<Fault> {
    let ours = |path: &&String| {
        ["crates/", "tests/", "benches/", "xtask/"].iter().any(|room| path.starts_with(room))
    };
    let stem = |path: &str| {
        let last = path.rsplit('/').next().unwrap_or(path);
        last.split('.').next().unwrap_or(last).to_owned()
    };
    let bad = house.paths.iter().filter(ours).filter(|path| ALL.contains(&stem(path).as_str()));
    bad.map(|path| Fault::at(path, "says nothing: name it after what is in it")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_or_folder_with_a_name_that_says_nothing_is_refused() {
        let house = House::planted(&[
            ("crates/x/src/utils.rs", ""),
            ("crates/x/src/helpers/mod.rs", ""),
            ("crates/x/src/utility_bill.rs", ""),
        ]);
        let places: Vec<String> = judge(&house).into_iter().map(|fault| fault.place).collect();
        assert_eq!(places, ["crates/x/src/helpers", "crates/x/src/utils.rs"]);
    }
}
