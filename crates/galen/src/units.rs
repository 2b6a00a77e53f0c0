//! How measured amounts are printed for people.

/// Nanoseconds in the unit that fits.
pub fn time(ns: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three figures are printed")]
    let exact = ns as f64;
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{} µs", figures(exact / 1e3)),
        1_000_000..1_000_000_000 => format!("{} ms", figures(exact / 1e6)),
        _ => format!("{} s", figures(exact / 1e9)),
    }
}

/// Bytes in the binary unit that fits.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three figures are printed")]
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{} {}", figures(amount), UNITS[unit])
}

/// A stretch of time to the second, for uptimes.
pub fn stretch(ms: u64) -> String {
    crate::config::quantity::Lapse::ms(ms / 1_000 * 1_000).to_string()
}

fn figures(amount: f64) -> String {
    if amount < 10.0 {
        format!("{amount:.2}")
    } else if amount < 100.0 {
        format!("{amount:.1}")
    } else {
        format!("{amount:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_printed_with_three_figures_in_the_unit_that_fits() {
        assert_eq!(time(999), "999 ns");
        assert_eq!(time(1_234), "1.23 µs");
        assert_eq!(time(56_700_000), "56.7 ms");
        assert_eq!(time(3_920_000_000), "3.92 s");
        assert_eq!(size(512), "512 B");
        assert_eq!(size(346_030), "338 KiB");
        assert_eq!(size(3 << 30), "3.00 GiB");
        assert_eq!(stretch(61_500), "1m 1s");
    }
}
