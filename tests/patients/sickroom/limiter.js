// A plain Node server whose export lets one request in at a time: limiter.js PORT
const http = require("node:http");

let running = Promise.resolve();

function oneAtATime(work) {
  const next = running.then(work);
  running = next;
  return next;
}

http
  .createServer(async (request, response) => {
    const known = ["/health", "/api/export", "/"].includes(request.url);
    if (request.url === "/api/export") {
      await oneAtATime(() => new Promise((done) => setTimeout(done, 600)));
    }
    response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
    response.end("{}\n");
  })
  .listen(Number(process.argv[2]), "127.0.0.1");
