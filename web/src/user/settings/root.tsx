// The address of the settings leads to the first of them.
import { useEffect } from "preact/hooks";

import { go } from "../../lib/router";

export default function Root() {
  useEffect(() => go("/settings/profile", true), []);
  return null;
}
