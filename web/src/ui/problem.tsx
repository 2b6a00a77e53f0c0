// Why something did not happen, in words, with the way out: try again, wait, or tell whoever runs this.
import { useEffect, useState } from "preact/hooks";

import type { Problem } from "../lib/api/problem";
import { formatDuration } from "../lib/format";
import { wordsOf } from "../lib/words";
import { Button } from "./button";
import { Icon } from "./icon";
import { alert, clock } from "./icons";

const t = wordsOf();

/** What a problem is called, and what to do about it. Codes the panel has no words for speak for themselves. */
export function wordProblem(problem: Problem): { title: string; detail: string } {
  const { code, status } = problem;
  const kind = status >= 500 ? "problem.http.5xx" : "problem.http.other";
  return {
    title: t.maybe(`problem.${code}`, problem.title || t(kind)),
    detail: t.maybe(`problem.${code}.do`, problem.detail),
  };
}

/** Seconds until it may be tried again; 0 when it may. */
export function useCountdown(problem: Problem | undefined, onOver?: () => void): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const until = Date.now() + (problem?.status === 429 ? (problem.retryAfterS ?? 0) : 0) * 1000;
    const tick = () => {
      const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      setLeft(seconds);
      if (seconds === 0) {
        clearInterval(timer);
        if (problem?.status === 429) {
          onOver?.();
        }
      }
    };
    const timer = setInterval(tick, 500);
    tick();
    return () => clearInterval(timer);
  }, [problem]);
  return left;
}

interface Props {
  problem: Problem;
  onRetry?(): void;
  /** Called when a time to wait is over. */
  onOver?(): void;
}

export function ProblemNotice({ problem, onRetry, onOver }: Props) {
  const left = useCountdown(problem, onOver);
  const { title, detail } = wordProblem(problem);
  return (
    <div class={left > 0 ? "notice warn" : "notice bad"} role="alert">
      <Icon d={left > 0 ? clock : alert} />
      <div>
        <strong>{title}</strong>
        {detail && <p>{detail}</p>}
        {left > 0 && <p aria-live="off">{t("problem.wait", { time: formatDuration(left * 1000) })}</p>}
        {problem.status >= 500 && problem.requestId && (
          <p class="soft">
            {t.rich("problem.request", { id: <bdi dir="ltr"><code>{problem.requestId}</code></bdi> })}
          </p>
        )}
        {onRetry && left === 0 && (
          <Button isSmall onClick={onRetry}>
            {t("retry")}
          </Button>
        )}
      </div>
    </div>
  );
}
