// ALL screens the sweeps go through: those of nobody, and those of somebody who is signed in.
export const GATES = ["/login", "/register", "/forgot", "/setup", "/verify", "/verify#token=x", "/reset#token=x", "/confirm#token=x", "/invitation#token=x", "/not-me#token=x", "/unsubscribe/x.news", "/unsubscribe/x"];

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

/** Those of administrators; `:sara` is the identifier of a user there is. */
export const ADMIN_SCREENS = [
  "/admin",
  "/admin/logs",
  "/admin/users",
  "/admin/users?tab=invitations",
  "/admin/users?open=add",
  "/admin/users/:sara",
  "/admin/users/:sara?tab=sessions",
  "/admin/users/:sara?tab=activity",
  "/admin/users/:sara?tab=danger",
  "/admin/users/nobody",
  "/admin/sessions",
  "/admin/notifications",
  "/admin/audit",
  "/admin/channels",
  "/admin/channels?tab=webhooks",
  "/admin/channels?tab=keys",
  "/admin/jobs",
  "/admin/settings",
];
