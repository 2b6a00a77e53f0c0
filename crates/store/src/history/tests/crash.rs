//! A process killed while it appends: every flush that was acknowledged is there.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use galen_core::{History, LogLevel};

use super::*;

/// Names the history to the other process.
const PATH: &str = "GALEN_TEST_HISTORY";

/// The other process: appends without end and says the number of each flush that was kept.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn the_other_process() {
    #[expect(clippy::disallowed_methods, reason = "told by the test that started this process")]
    let Some(path) = std::env::var_os(PATH).map(PathBuf::from) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let history = open_with(HistorySettings { cap_bytes: 4 << 20, ..HistorySettings::at(path) });
    for n in 0_i64.. {
        let at = begin().plus_ms(n * 10_000);
        let mut batch = frames(vec![frame("http", at, (20, 200)), frame("detail", at, (20, 200))]);
        batch.logs = logs(vec![line(at, LogLevel::Info, &n.to_string()); 20]).logs;
        runtime.block_on(history.append(batch)).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "kept {n}").and_then(|()| out.flush()).unwrap();
    }
}

#[tokio::test]
async fn a_process_killed_while_it_appends_loses_no_flush_it_was_told_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let mut reached = -1;
    // The later rounds kill it while it sheds and empties its log.
    for until in [1, 40, 90, 141, 200] {
        #[expect(clippy::disallowed_methods, reason = "the process that is killed is another one")]
        let mut command = Command::new(std::env::current_exe().unwrap());
        let name = format!("{}::the_other_process", module_path!().split_once("::").unwrap().1);
        let child = command
            .args(["--exact", &name, "--ignored", "--nocapture"])
            .env(PATH, &path)
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut last = -1_i64;
        for line in said.lines().map_while(Result::ok) {
            let Some(n) = line.rsplit("kept ").next().and_then(|n| n.parse().ok()) else {
                continue;
            };
            last = n;
            if last == until {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(last >= until, "it was killed at {last}");
        let history = open(&path);
        assert_eq!(history.moved_aside(), None);
        let newest = history.logs(LogAsk { limit: 1, ..any_log() }).await.unwrap();
        let number: i64 = newest[0].line.message.parse().unwrap();
        assert!(number >= last, "{number} is there, {last} was said");
        let at = begin().plus_ms(last * 10_000);
        let asked = FrameAsk { from: at, limit: 1, ..ask(Tier::Fine, "http") };
        assert_eq!(history.frames(asked).await.unwrap()[0].at, at);
        history.close();
        reached = reached.max(last);
    }
    assert!(reached >= 200);
}
