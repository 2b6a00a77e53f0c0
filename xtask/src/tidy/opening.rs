//! Every source file says in its first line what it is for.

use super::Fault;
use super::house::House;

/// Holds the first line of every Rust file.
pub fn judge(house: &House) -> Vec<Fault> {
    let opens_well = |text: &str| {
        let first = text.lines().next().unwrap_or_default();
        first.strip_prefix("//! ").is_some_and(|sentence| sentence.split_whitespace().count() >= 2)
    };
    let silent = house.sources.iter().filter(|source| !opens_well(&source.text));
    silent
        .map(|source| {
            Fault::at(format!("{}:1", source.path), "does not open with a `//!` sentence")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_say_what_it_is_for_is_named() {
        let house = House::planted(&[
            ("good.rs", "//! Opens the door.\nfn a() {}"),
            ("silent.rs", "use std::fmt;"),
            ("mute.rs", "//!\nfn a() {}"),
        ]);
        let places: Vec<String> = judge(&house).into_iter().map(|fault| fault.place).collect();
        assert_eq!(places, ["silent.rs:1", "mute.rs:1"]);
    }
}
