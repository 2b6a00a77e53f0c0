// The client of the API: typed by its document, with the token against forged requests and one way to fail.
import createClient from "openapi-fetch";

import { leaveForLogin } from "../leave";
import { toldBy, unreachable } from "./problem";
import type { components, paths } from "./schema";

/** A type of the API's document: `Schema<"User">`. */
export type Schema<T extends keyof components["schemas"]> = components["schemas"][T];

let csrfToken: string | undefined;

/** Keeps the token that came with signing in, which saves asking for it. */
export function keepCsrfToken(token: string | undefined): void {
  csrfToken = token;
}

async function newCsrfToken(): Promise<string> {
  const response = await fetch("/api/auth/csrf");
  const told = (await response.json()) as { csrf_token?: string };
  csrfToken = told.csrf_token;
  return csrfToken ?? "";
}

async function withToken(request: Request): Promise<Response> {
  request.headers.set("X-CSRF-Token", csrfToken ?? (await newCsrfToken()));
  return fetch(request);
}

/** Whether the token is not of this session any more: somebody signed in in another tab. */
async function isTokenStale(response: Response): Promise<boolean> {
  if (response.status !== 403) {
    return false;
  }
  const told = (await response.clone().json().catch(() => ({}))) as { code?: string };
  return told.code?.startsWith("csrf.token_") ?? false;
}

async function send(request: Request): Promise<Response> {
  if (request.method === "GET") {
    return fetch(request);
  }
  const again = request.clone();
  const response = await withToken(request);
  if (!(await isTokenStale(response))) {
    return response;
  }
  csrfToken = undefined;
  return withToken(again);
}

export const api = createClient<paths>({ fetch: send });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * What the API answers; a refusal is thrown as a `Problem`. When the session has ended there is nothing to say
 * on this page: the way leads to signing in and back here.
 */
export async function ask<T>(asked: Promise<Answer<T>>): Promise<T> {
  const answer = await asked.catch(() => Promise.reject(unreachable()));
  if (answer.response.ok) {
    return answer.data as T;
  }
  const problem = toldBy(answer.error, answer.response);
  if (problem.code === "auth.not_signed_in" || problem.code === "auth.session_ended") {
    leaveForLogin();
  }
  throw problem;
}
