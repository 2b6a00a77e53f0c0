// ALL screens the sweeps go through: those of nobody, and those of somebody who is signed in.
export const GATES = ["/login", "/register", "/forgot", "/setup", "/verify", "/verify#token=x", "/reset#token=x", "/confirm#token=x", "/invitation#token=x", "/not-me#token=x"];

export const SCREENS = [
  "/dashboard",
  "/notifications",
  "/notifications?show=unread",
  "/notifications?show=archived",
  "/settings/profile",
  "/settings/security",
  "/settings/sessions",
  "/settings/security-log",
  "/settings/security-log?code=password.changed",
  "/settings/notifications",
  "/settings/preferences",
  "/settings/data",
  "/settings/nothing",
];
