//! The sentences about the application, its upstreams, and the protocol it speaks.

/// Adds this group's rows to those before it.
macro_rules! protocol_words {
    ([$($more:ident)*] $($rows:tt)*) => { codes! { groups: [$($more)*] $($rows)*
        // F63, F64, F74, F73.
        NPlusOneTitle: "One round trip for each row (N+1)";
        NPlusOne: "`GET {path}` asks {peer} {trips} times for one answer.";
        NPlusOneSlow: "`GET {path}` took {time} because it asks {peer} {trips} times for one answer, one question after the other: an answer was awaited in {share} of the looks.";
        NPlusOneRows: "Its answer has {rows} rows, and {trips} questions were sent for it: one for each row.";
        NPlusOneFew: "`GET {path}` sends {trips} segments of data to {peer} for one answer, the most of all, and they do not go with its rows.";
        UpstreamTitle: "Another server that is asked is slow";
        UpstreamSlow: "`GET {path}` took {time} because the server waited for {peer}: its question there was unanswered in {share} of the looks.";
        UpstreamManyTrips: "`GET {path}` asks {peer} {trips} times: the number of the questions is the cause, not one slow answer.";
        PeerUnanswered: "A question of the server to {peer} was unanswered in {looks} of {n} looks.";
        PeerReleased: "The request was answered {ms} after the last look that saw the question unanswered (median of {n}).";
        PeerAsked: "Asked by the doctor itself, {peer} ended with `{outcome}` after {ms} (median).";
        PeersQuiet: "In none of {n} looks during `{path}` did the server wait for an answer of another.";
        StoreTitle: "Redis, Valkey or NATS is slow";
        StoreSlow: "`GET {path}` took {time} because {kind} at {peer} had not answered the server in {share} of the looks.";
        StreamsTitle: "Live streams hold the workers";
        StreamsHold: "`GET {path}` took {time} because {streams} connections with live streams hold all {threads} pool threads of process {pid}.";
        StreamsFew: "{streams} connections carry a live stream.";

        // F65, F66, F72, F75.
        AbandonedTitle: "The server works for clients that have given up";
        Abandoned: "{abandoned} of {all} connections of clients are closed by them while the server still works for them (`GET {path}` is slow): who asks again adds to the load.";
        AbandonedFew: "{abandoned} of {all} connections of clients are closed by them and still held by the server.";
        RateTitle: "A rate limiter refuses clients that ask seldom";
        RateSeldom: "`GET {path}` refused {refused} of {n} single requests sent a second apart: others use up the same bucket.";
        RateBurst: "`GET {path}` refused {refused} of {n} requests in quick succession.";
        RateByAddress: "It counts by the connection's address: behind a proxy every client of `GET {path}` shares one bucket.";
        RateByForwarded: "It counts by X-Forwarded-For: `GET {path}` answers who names another client.";
        RateOwnBurst: "`GET {path}` refused {refused} of {n} single requests sent a second apart: the limiter stops bursts and nobody else.";
        RateNone: "No request was answered with 429.";
        LargeTitle: "The answer itself takes the time";
        Large: "`GET {path}` took {time} because its answer of {bytes} was on its way in {share} of the looks.";
        LargeSmall: "The answer to `GET {path}` has {bytes}: its size is not the cause.";
        ColdTitle: "Only the first request was slow";
        Cold: "The first `GET {path}` took {first}; the median of {n} requests is {median}. This is a cold start and no fault.";
        ColdNot: "The slowest first request was `GET {path}` with {first}; it is judged like any other.";

        // F67, F68, F69, F70.
        CorsTitle: "CORS lets the wrong origins in or keeps the right one out";
        CorsRefused: "The origin {origin} is not let in by any answer: browsers keep every answer from its pages.";
        CorsStar: "`GET {path}` allows `*` together with credentials, which every browser refuses.";
        CorsReflects: "`GET {path}` allows an origin that does not exist, with credentials: every site reads its visitors' data.";
        CorsNoVary: "`GET {path}` allows several origins one at a time without `Vary: Origin`: a cache hands the answer for one to another.";
        CorsNone: "No answer allows an origin: CORS is not in use.";
        CorsFine: "The origin {origin} is let in, and one that does not exist is not let in with credentials.";
        CorsHidesTitle: "A \"CORS error\" is a failing endpoint";
        CorsHides: "`GET {path}` fails with {status} in {share} of {n} requests, and that answer carries no Access-Control-Allow-Origin, while `GET {other}` allows {origin}: browsers call it a CORS error.";
        CorsHidesNothing: "No failing endpoint lacks the header that good answers carry.";
        AnswerSaid: "The answer says: `{text}`";
        OneWorkerTitle: "A session lives in one worker's memory";
        OneWorker: "A cookie that process {pid} set at `GET {path}` is known to that process in {same} answers and to no other worker in {others}.";
        OneWorkerAnswers: "The worker that set it answers `{recognised}`, the others `{unknown}`.";
        OneWorkerWithout: "A request without any cookie is answered as the other workers answer.";
        OneWorkerShared: "Every worker answers `GET {path}` alike to a cookie that one of them set.";
        OneWorkerNone: "One process serves, or no cookie is set: no worker can forget what another remembers.";
        CookieTitle: "A cookie never comes back";
        CookieSecure: "`{cookie}`, set by `GET {path}`, is Secure, and the server is reached by plain HTTP only ({address}, with no program that ends TLS): clients keep it back.";
        CookieSameSite: "`{cookie}`, set by `GET {path}`, is SameSite=None without Secure: browsers refuse it.";
        CookiePrefix: "`{cookie}`, set by `GET {path}`, breaks what its own prefix promises: browsers refuse it.";
        CookieTlsElsewhere: "`{cookie}` is Secure, and TLS ends in front of the server or the server is reached from other machines.";
        CookieFine: "`{cookie}` has attributes that go together and with plain HTTP.";
        CookieNone: "No cookie is set.";

        // Repairs.
        RepairShed: "Refuse early, and let clients wait before they ask again";
        RepairShedHow: "Answer 503 with Retry-After beyond a short queue, drop requests whose client is gone, and let clients back off exponentially with a limit.";
        RepairRate: "Count clients, not the proxy";
        RepairRateHow: "For `{path}`: take the client's address from the proxy that is trusted, and from nobody else. Do not switch the limiter off.";
        RepairLarge: "Send less at a time";
        RepairLargeHow: "For `{path}`: pages with a limit, fewer fields, or compression.";
        RepairCors: "Name the origins that are let in";
        RepairCorsHow: "List the exact origins of your own pages, credentials only for them, and `Vary: Origin`. Never `*`.";
        RepairHidden: "Mend the error behind it";
        RepairHiddenHow: "Nothing is wrong with CORS: `GET {path}` fails. Read its own error in the server's log.";
        RepairSession: "Keep sessions where every worker reads them";
        RepairSessionHow: "In a database or a shared store, or in a signed cookie. As a stop-gap: one worker.";
        RepairCookie: "Give the cookie attributes that go together";
        RepairCookieHow: "For `{cookie}`: Secure where the site is served by HTTPS and only there, SameSite=Lax unless other sites need it.";
        RepairBatch: "Ask once for all rows";
        RepairBatchHow: "In the handler of `{path}`: one query with a join, or `WHERE id IN (…)`, in place of one query for each row (eager loading in an ORM).";
        RepairUpstream: "Bound the wait for the other server";
        RepairUpstreamHow: "Find out why {peer} is slow. In the caller: a timeout shorter than the response target, a circuit breaker, and an answer without it.";
        RepairStore: "Find the command that holds the store up";
        RepairStoreHow: "At {peer}: `SLOWLOG GET` and `LATENCY LATEST` in Redis, slow consumers in NATS. Keep long commands (KEYS, large ranges, scripts) off it.";
        RepairStreams: "Serve streams without a thread each";
        RepairStreamsHow: "At `{place}`: an asynchronous generator, or a limit on streams below the number of workers. A larger pool only moves the limit.";
    }};
}
