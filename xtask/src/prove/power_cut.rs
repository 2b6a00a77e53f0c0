//! Power cuts without a power switch: block snapshots of what had really reached the device.
//!
//! An XFS image holds the file of an inner ext4 image, on which the server writes. At a random
//! instant `cp --reflink=always` clones the inner image: an atomic copy of exactly the blocks the
//! inner file system had sent to its device, as a power cut would leave them. The clone is mounted,
//! a Galen is started on it, and asked for everything that was acknowledged before the instant.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::acked::{self, Cast};
use super::server::Setup;
use super::statistics::Dice;
use super::tally::Tally;
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::say;
use crate::shell::{self, Cmd};

/// Cuts with FULL and, beside them, with OFF, which must lose.
///
/// # Errors
/// When this is not root, or the images cannot be mounted.
pub fn run(ask: &Ask) -> Result<Outcome> {
    if !shell::is_root() {
        bail!("mounting the images needs root; run it with sudo");
    }
    let dir = ground::clear(&format!("power-cut-{}", ask.slice.0))?;
    let mut tally = Tally::default();
    let full = cuts(ask, &dir, &Level { name: "full", rounds: ask.rounds_of(30, 4) })?;
    add_under(&mut tally, "full", &full);
    let off = cuts(ask, &dir, &Level { name: "off", rounds: ask.rounds_of(8, 3) })?;
    add_under(&mut tally, "off", &off);
    let all = tally.with_other_slices("power-cut", ask)?;
    Ok(outcome(&all))
}

struct Level {
    name: &'static str,
    rounds: u32,
}

fn add_under(tally: &mut Tally, level: &str, counts: &Tally) {
    for what in
        ["cuts", "logins", "logouts", "notifications", "logins lost", "revoked sessions alive"]
    {
        tally.add(&format!("{level} {what}"), counts.get(what));
    }
    for what in ["notifications lost", "standing sessions lost", "broken files"] {
        tally.add(&format!("{level} {what}"), counts.get(what));
    }
}

fn cuts(ask: &Ask, dir: &Path, level: &Level) -> Result<Tally> {
    let disk = Disk::make(dir, level.name)?;
    let mut setup = Setup::new(ask, &disk.inner)?.without_limits();
    setup = setup.set("GALEN__DATABASE__SYNCHRONOUS", level.name);
    if level.name != "full" {
        setup = setup.set("GALEN__DATABASE__I_ACCEPT_DATA_LOSS", "true");
    }
    Cast::hire(&setup)?;
    let mut dice = Dice::new(ask.seed.wrapping_add(u64::from(ask.slice.0)));
    let mut tally = Tally::default();
    let server = setup.start()?;
    let cast = Cast::enter(server.port)?;
    // Who takes part must be on the device before the first cut, with OFF as well.
    Cmd::new("sync").run()?;
    for round in 1..=level.rounds {
        let wait = Duration::from_millis(dice.between(80, 600));
        let (acked, cut) = acked::write_until(server.port, &cast, u64::from(round), || {
            std::thread::sleep(wait);
            let instant = Instant::now();
            disk.cut().map(|()| instant)
        })?;
        tally.merge(&after_cut(&setup, &disk, &cast, &acked.before(cut))?);
        tally.add("cuts", 1);
    }
    say::line(format_args!("synchronous={}: {} cuts", level.name, level.rounds));
    server.stop()?;
    disk.remove()?;
    Ok(tally)
}

fn after_cut(setup: &Setup, disk: &Disk, cast: &Cast, acked: &acked::Acked) -> Result<Tally> {
    disk.mount_crashed()?;
    let crashed = Setup { dir: disk.crashed.clone(), port: ground::free_port()?, ..setup.clone() };
    let tally = match crashed.start() {
        Ok(server) => {
            let tally = acked::verify(server.port, cast, acked)?;
            server.kill_nine()?;
            tally
        }
        Err(error) => {
            say::line(format_args!("no start after the cut: {error:#}"));
            let mut tally = Tally::default();
            tally.add("broken files", 1);
            tally
        }
    };
    disk.unmount_crashed()?;
    Ok(tally)
}

fn outcome(all: &Tally) -> Outcome {
    let mut outcome = Outcome::default();
    let none = Goal::AtMost(0.0);
    outcome.add(Figure::count("cuts, synchronous=FULL", all.get("full cuts"), Goal::AtLeast(1.0)));
    for what in ["logins", "logouts", "notifications"] {
        let name = format!("{what} acknowledged before the cuts");
        outcome.add(Figure::count(name, all.get(&format!("full {what}")), Goal::AtLeast(1.0)));
    }
    let lost = [
        "logins lost",
        "notifications lost",
        "revoked sessions alive",
        "standing sessions lost",
        "broken files",
    ];
    for what in lost {
        let control = format!("OFF: {}", all.get(&format!("off {what}")));
        outcome.add(Figure::count(what, all.get(&format!("full {what}")), none).beside(control));
    }
    let of_control: u64 = lost.iter().map(|what| all.get(&format!("off {what}"))).sum();
    let name = format!("lost by the control in {} cuts", all.get("off cuts"));
    outcome.add(Figure::count(name, of_control, Goal::AtLeast(1.0)));
    outcome
}

/// The outer XFS image, the inner ext4 image in it, and the clone after a cut.
struct Disk {
    outer_image: PathBuf,
    outer: PathBuf,
    inner: PathBuf,
    crashed: PathBuf,
}

impl Disk {
    fn make(dir: &Path, name: &str) -> Result<Self> {
        let folder = |part: &str| dir.join(format!("{name}-{part}"));
        let disk = Self {
            outer_image: folder("outer.img"),
            outer: folder("outer"),
            inner: folder("inner"),
            crashed: folder("crashed"),
        };
        for mount in [&disk.outer, &disk.inner, &disk.crashed] {
            std::fs::create_dir_all(mount)?;
        }
        Cmd::new("truncate").args(["-s", "3G"]).arg(&disk.outer_image).run()?;
        Cmd::new("mkfs.xfs").args(["-q", "-m", "reflink=1"]).arg(&disk.outer_image).run()?;
        Cmd::new("mount").args(["-o", "loop"]).arg(&disk.outer_image).arg(&disk.outer).run()?;
        Cmd::new("truncate").args(["-s", "1G"]).arg(disk.inner_image()).run()?;
        Cmd::new("mkfs.ext4").arg("-q").arg(disk.inner_image()).run()?;
        Cmd::new("mount").args(["-o", "loop"]).arg(disk.inner_image()).arg(&disk.inner).run()?;
        Ok(disk)
    }

    fn inner_image(&self) -> PathBuf {
        self.outer.join("inner.img")
    }

    fn crash_image(&self) -> PathBuf {
        self.outer.join("crash.img")
    }

    /// The cut: an atomic clone of the inner device.
    fn cut(&self) -> Result<()> {
        Cmd::new("cp").arg("--reflink=always").arg(self.inner_image()).arg(self.crash_image()).run()
    }

    fn mount_crashed(&self) -> Result<()> {
        Cmd::new("mount").args(["-o", "loop"]).arg(self.crash_image()).arg(&self.crashed).run()
    }

    fn unmount_crashed(&self) -> Result<()> {
        Cmd::new("umount").arg(&self.crashed).run()?;
        std::fs::remove_file(self.crash_image())?;
        Ok(())
    }

    /// Takes everything down in order; what a failed proof leaves, `Drop` takes down.
    fn remove(self) -> Result<()> {
        Cmd::new("umount").arg(&self.inner).run()?;
        Cmd::new("umount").arg(&self.outer).run()?;
        std::fs::remove_file(&self.outer_image)?;
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for mount in [&self.crashed, &self.inner, &self.outer] {
            // Not mounted (any more) is the good case here.
            let _not_mounted = Cmd::new("umount").args(["--quiet", "--lazy"]).arg(mount).output();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_that_loses_nothing_fails_the_proof() {
        let mut tally = Tally::default();
        for what in ["full cuts", "full logins", "full logouts", "full notifications", "off cuts"] {
            tally.add(what, 5);
        }
        assert!(!outcome(&tally).is_met());
        tally.add("off notifications lost", 3);
        assert!(outcome(&tally).is_met());
        tally.add("full notifications lost", 1);
        assert!(!outcome(&tally).is_met());
    }
}
