// The user's panel: the pages of those who are not signed in, or the panel itself.
import "../styles/all.css";

import { useEffect, useState } from "preact/hooks";
import type { ComponentType } from "preact";

import { match, place } from "../lib/router";
import { start } from "../lib/start";
import { useStore } from "../lib/store";
import { learn, type WordsLoader } from "../lib/words";
import { Gate } from "./gate/gate";
import { GATES } from "./gate/screens";

const words: WordsLoader = { en: () => import("./panel/en"), fa: () => import("./panel/fa") };

/** The panel is fetched when somebody is signed in, and by nobody else. */
function Panel() {
  const [Inside, setInside] = useState<ComponentType>();
  useEffect(() => {
    Promise.all([import("./panel/panel"), learn(words)]).then(([{ Panel: Found }]) => setInside(() => Found), () => location.reload());
  }, []);
  return Inside ? <Inside /> : null;
}

function App() {
  const { path } = useStore(place);
  const isGate = GATES.some((gate) => match(gate.path, path));
  return isGate ? <Gate /> : <Panel />;
}

void start(App, { en: () => import("./gate/en"), fa: () => import("./gate/fa") });
