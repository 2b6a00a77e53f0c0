// What the installation decided and the page says of it, so that nothing has to be asked for.

const { registration = "open", passwordMin = "15", secure } = document.documentElement.dataset;

export const policy = {
  /** Who may make an account: `open`, `invite` or `closed`. */
  registration,
  /** How many characters a password has at the least. */
  passwordMin: Number(passwordMin),
  /** Whether the browser keeps our cookies to TLS. */
  isSecure: secure === "yes",
} as const;
