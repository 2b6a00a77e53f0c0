// Problems (RFC 9457) as the API tells them, and the one for when it does not answer at all.

export interface ProblemField {
  /** A JSON pointer into the body, or a parameter's name. */
  pointer: string;
  code: string;
  detail: string;
}

interface Told {
  status: number;
  code: string;
  title: string;
  detail: string;
  request_id?: string;
  errors?: ProblemField[];
}

/** Why something that was asked of the API did not happen. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string | undefined;
  readonly fields: ProblemField[];
  /** How long to wait before it is tried again, in seconds, if that was said. */
  readonly retryAfterS: number | undefined;

  constructor(told: Told, retryAfterS?: number) {
    super(`${told.code}: ${told.title}`);
    this.status = told.status;
    this.code = told.code;
    this.title = told.title;
    this.detail = told.detail;
    this.requestId = told.request_id;
    this.fields = told.errors ?? [];
    this.retryAfterS = retryAfterS;
  }

  /** What is wrong with the field `name` of the body, if something is. */
  field(name: string): ProblemField | undefined {
    return this.fields.find((field) => field.pointer === `/${name}` || field.pointer === name);
  }
}

/** The server could not be reached. */
export function unreachable(): Problem {
  return new Problem({ status: 0, code: "client.unreachable", title: "", detail: "" });
}

/** Something in this page broke. */
export function broken(error: unknown): Problem {
  if (error instanceof Problem) {
    return error;
  }
  return new Problem({ status: 0, code: "client.broken", title: "", detail: String(error) });
}

/** The problem an answer tells; a proxy's own page is told as its bare status. */
export function toldBy(told: unknown, response: Response): Problem {
  const seconds = Number(response.headers.get("retry-after"));
  const retryAfterS = seconds > 0 ? seconds : undefined;
  if (typeof told === "object" && told !== null && "code" in told && "title" in told) {
    return new Problem({ ...(told as Told), status: response.status }, retryAfterS);
  }
  const { status } = response;
  return new Problem({ status, code: `http.${status}`, title: "", detail: "" }, retryAfterS);
}
