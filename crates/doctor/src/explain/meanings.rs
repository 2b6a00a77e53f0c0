//! What a cause means for the people who run the server, in a few sentences each.

/// ALL explanations, by the cause's number; a cause without one is explained by its evidence alone.
pub const ALL: &[(&str, &str)] = &[
    (
        "F37",
        "With a rollback journal SQLite lets either readers or one writer at the database, not both. A report or a \
         backup that reads for seconds stops every write for as long. A write-ahead log ends that.",
    ),
    (
        "F38",
        "A transaction that begins by reading sees the database of that moment. If another one writes before it \
         does, it can never write any more, and SQLite says so at once, however long the busy timeout is. BEGIN \
         IMMEDIATE takes the lock first, and waits for it.",
    ),
    (
        "F39",
        "A write-ahead log is written back to the database only up to the oldest reader. One read transaction that \
         is never ended keeps the log growing, and every query reads a longer log. An open cursor is such a reader.",
    ),
    (
        "F44",
        "The program writes to a file it cannot write: the filesystem, the file, or its own way of opening it \
         forbids it. Reading goes on, so it shows only where something is saved.",
    ),
    (
        "F45",
        "Pages of the file do not fit together. Every further write can make it worse, so writing stops first, \
         then copies are made, and only from a copy anything is recovered. Damaged indexes can be built anew.",
    ),
    (
        "F46",
        "Each commit waits for the disk. A loop that commits each row pays that for every row, and one transaction \
         around the loop pays it once. A faster disk or less safety is not the answer.",
    ),
    (
        "F47",
        "A database that was moved, restored or deployed over while the server runs lives on without a name. \
         The server reads and writes it as if nothing had happened, and all of it is gone with the process.",
    ),
    (
        "F63",
        "The list comes with one query and each of its rows with one more. With ten rows nobody notices, with a \
         thousand the network's round trip is paid a thousand times. The database itself is not slow.",
    ),
    (
        "F64",
        "The time passes in another server. What can be done here is to wait for less: a timeout below the response \
         target, a breaker, an answer without it.",
    ),
    (
        "F65",
        "Clients give up and ask again, while the server still works for the first request. The load grows by \
         what nobody waits for, and stays after its cause is gone.",
    ),
    (
        "F66",
        "A limiter counts by address, and behind a proxy all clients have the same one. Or others use up the \
         bucket. Who asks once a second must not be refused.",
    ),
    (
        "F67",
        "The browser hands an answer to a page only if the server names the page's origin. Too few names break the \
         site; a name for everybody, with cookies, opens its users' data to every site they visit.",
    ),
    (
        "F68",
        "Error answers are made where the CORS headers are not added. The browser then tells of CORS, and the \
         real error is in the server's log. Nothing about CORS needs to change.",
    ),
    (
        "F69",
        "With several workers a request can meet one that never saw the client. Sessions or CSRF tokens in memory \
         are then valid by chance: with three workers, once in three times.",
    ),
    (
        "F70",
        "Attributes of a cookie forbid the browser to send it back in this way. Signing in then seems to do \
         nothing, every time and for everybody.",
    ),
    (
        "F72",
        "The handler is done, and its answer takes the time: it is large. Every client and the server's memory pay \
         for it.",
    ),
    (
        "F73",
        "Each live stream keeps a worker for as long as its page is open. With as many pages as workers the \
         server answers nobody else.",
    ),
    (
        "F74",
        "Redis, Valkey and NATS serve one thing after another. One long command, or a slow consumer, makes \
         everybody wait.",
    ),
    (
        "F75",
        "The first request loads code, fills caches and opens connections. It is no fault; where it hurts, a \
         request of one's own after each start takes it over.",
    ),
];

/// The explanation of a cause.
pub fn of(id: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == id).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks;

    #[test]
    fn every_explanation_is_of_a_known_cause_and_there_is_one_of_each() {
        for (at, (id, _)) in ALL.iter().enumerate() {
            assert!(checks::by_name(id).is_some(), "{id}");
            assert!(ALL[at + 1..].iter().all(|(other, _)| other != id), "{id}");
        }
    }
}
