// The panel of somebody who is signed in: its ways, its bell, its stream.
import { useEffect } from "preact/hooks";

import { me, loadMe } from "../../lib/me";
import { startStream } from "../../lib/stream";
import { useStore } from "../../lib/store";
import { Freshness } from "../../ui/fresh";
import { Live } from "../../ui/live";
import { Shell } from "../../ui/shell";
import { LookMenu } from "../../ui/theme-menu";
import { SCREENS } from "./screens";

export function Panel() {
  const who = useStore(me);
  useEffect(() => {
    loadMe().then(() => startStream("notifications,sessions"), () => undefined);
  }, []);
  const top = (
    <>
      {who && <Live />}
      <LookMenu />
    </>
  );
  return (
    <>
      <Shell home="/dashboard" screens={SCREENS} groups={[{ label: "", ways: [] }]} top={top} />
      <Freshness />
    </>
  );
}
