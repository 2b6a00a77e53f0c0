// The bare address leads to the dashboard.
import { useEffect } from "preact/hooks";

import { go } from "../../lib/router";

export default function Root() {
  useEffect(() => go("/dashboard", true), []);
  return null;
}
