// The frame of the pages before signing in: the name, the page, and the choice of language and theme.
import { useEffect, useRef } from "preact/hooks";

import { place } from "../../lib/router";
import { useScreen } from "../../lib/screens";
import { useStore } from "../../lib/store";
import { wordsOf } from "../../lib/words";
import { Brand } from "../../ui/brand";
import { ProblemNotice } from "../../ui/problem";
import { LookMenu } from "../../ui/theme-menu";
import { GATES } from "./screens";
import "./gate.css";

const t = wordsOf();

export function Gate() {
  const { shown, problem } = useScreen(GATES);
  const { path } = useStore(place);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) {
      main.current?.focus();
    }
    isFirst.current = false;
  }, [path]);
  return (
    <div class="gate">
      <a class="skip button primary" href="#main">
        {t("skip")}
      </a>
      <header>
        <Brand to="/login" />
        <LookMenu />
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        {problem ? <ProblemNotice problem={problem} onRetry={() => location.reload()} /> : shown && <shown.View params={shown.params} />}
      </main>
    </div>
  );
}
