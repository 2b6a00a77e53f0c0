// A backend on Express with one chosen fault (PATIENT_FAULT), for causes that belong to no framework.
"use strict";

const express = require("express");
const net = require("net");
const readline = require("readline");

const fault = process.env.PATIENT_FAULT || "none";
const upstream = Number(process.env.PATIENT_UPSTREAM || 0);
const app = express();

app.get("/health", (_request, response) => response.json({ status: "healthy" }));

// Asks another service so many times, one question after the other.
async function ask(times) {
  const socket = net.connect(upstream, "127.0.0.1");
  const answers = readline.createInterface({ input: socket })[Symbol.asyncIterator]();
  const rows = [];
  for (let number = 0; number < times; number++) {
    socket.write("PING\r\n");
    rows.push({ id: number, said: (await answers.next()).value });
  }
  socket.destroy();
  return rows;
}

// Eight megabytes at the speed at which they are made.
async function large(response) {
  const chunk = Buffer.alloc(128 * 1024, "x");
  response.set("content-length", String(64 * chunk.length));
  for (let number = 0; number < 64; number++) {
    response.write(chunk);
    await new Promise((resume) => setTimeout(resume, 60));
  }
  response.end();
}

app.get("/api/auth/csrf", async (_request, response) => {
  switch (fault) {
    case "upstream":
      return response.json({ rows: await ask(1) });
    case "one_by_one":
      return response.json({ rows: await ask(60) });
    case "large_answer":
      return large(response);
    case "secure_cookie":
      response.cookie("sid", "of-no-use", { secure: true, httpOnly: true });
      return response.json({ csrf_token: "t" });
    default:
      return response.json({ csrf_token: "t" });
  }
});

app.listen(Number(process.argv[2]), "127.0.0.1");
