// A real Galen in a folder of its own, on a free port, and a real browser: what every test of the panels begins with.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

/** The password of everybody in the tests. */
export const PASSWORD = "correct horse battery staple";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const galen = process.env.GALEN_BINARY ?? join(root, "target/debug/galen");
const browserPath = process.env.GALEN_CHROMIUM ?? "/usr/bin/chromium";

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs the binary to its end; `input` goes to its standard input. */
function run(args, { cwd, input = "" }) {
  return new Promise((resolve, reject) => {
    const child = execFile(galen, args, { cwd }, (error, stdout, stderr) => (error ? reject(new Error(`galen ${args.join(" ")}: ${stderr || error}`)) : resolve(stdout)));
    child.stdin.end(input);
  });
}

/** Asks until it is so; ten seconds are an error, not a measure. */
export async function until(what, ask) {
  const end = Date.now() + 10_000;
  while (Date.now() < end) {
    const found = await ask();
    if (found) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Starts a Galen; `config` is the text of its galen.toml. */
export async function startGalen(config = "") {
  const cwd = await mkdtemp(join(tmpdir(), "galen-web-"));
  const port = await freePort();
  await writeFile(join(cwd, "galen.toml"), config);
  const server = spawn(galen, ["serve", "--listen", `127.0.0.1:${port}`], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const log = [];
  server.stdout.on("data", (data) => log.push(String(data)));
  server.stderr.on("data", (data) => log.push(String(data)));
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const url = `http://127.0.0.1:${port}`;
  await until("the server", () => fetch(`${url}/readyz`).then(({ ok }) => ok, () => false)).catch((error) => {
    throw new Error(`${error.message}\n${log.join("")}`);
  });
  return {
    url,
    /** The folder it works in. */
    cwd,
    run: (args, input) => run(args, { cwd, input }),
    /** Makes an account that may sign in. */
    addUser: (email, ...args) => run(["user", "add", email, "--password-stdin", ...args], { cwd, input: `${PASSWORD}\n` }),
    setupLink: () => until("the setup link", () => readFile(join(cwd, "dev.db.setup-link"), "utf8").then((text) => text.trim(), () => "")),
    /** The link in the newest captured mail of a code to an address: opened where this Galen is. */
    linkTo: (email, code) =>
      until(`a mail ${code} to ${email}`, async () => {
        const { mails } = JSON.parse(await run(["mail", "list", "--json"], { cwd }));
        const found = mails.find((mail) => mail.to === email && mail.code === code && mail.state === "captured");
        const text = found && (await run(["mail", "show", found.id], { cwd }));
        const path = /https?:\/\/[^/\s]+(\/[\w-]+#token=[\w.~-]+)/.exec(text ?? "")?.[1];
        return path && url + path;
      }),
    log: () => log.join(""),
    async stop() {
      server.kill("SIGTERM");
      await ended;
      await rm(cwd, { recursive: true, force: true });
    },
  };
}

export const startBrowser = () => chromium.launch({ executablePath: browserPath });

/** Calls the API as whoever is signed in on the page. */
export function call(page, method, path, body) {
  return page.evaluate(
    async ([how, where, what]) => {
      const { csrf_token } = await (await fetch("/api/auth/csrf")).json();
      const headers = { "content-type": "application/json", "x-csrf-token": csrf_token };
      const answer = await fetch(where, { method: how, headers, body: what === undefined ? undefined : JSON.stringify(what) });
      return { status: answer.status, body: await answer.json().catch(() => undefined) };
    },
    [method, path, body],
  );
}

/** Signs in through the form, as a person does. */
export async function signIn(page, url, email, next = "/dashboard") {
  await page.goto(`${url}/login?next=${encodeURIComponent(next)}`);
  await page.locator("input[type=email]").fill(email);
  await page.locator("input[type=password]").fill(PASSWORD);
  await page.locator("button[type=submit]").click();
  await page.waitForURL(`${url}${next}`);
}
