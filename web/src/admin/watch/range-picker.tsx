// Chooses the stretch of time: presets, two moments, the range before beside it, and whether it moves on.
import { useEffect, useState } from "preact/hooks";

import { formatDate } from "../../lib/format";
import { preferences } from "../../lib/preferences";
import { setQuery, useQuery } from "../../lib/router";
import { useStore } from "../../lib/store";
import { liveness, setPaused } from "../../lib/stream";
import { wordsOf } from "../../lib/words";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { Choice } from "../../ui/field";
import { clock, pause, play } from "../../ui/icons";
import type en from "./en";
import { lookAt, lookAtPreset, type Preset, PRESETS, type Range } from "./range";

const t = wordsOf<typeof en>();

/** A moment as a field for local times has it. */
function localOf(seconds: number): string {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function Custom({ range, onClose }: { range: Range; onClose(): void }) {
  const [from, setFrom] = useState(localOf(range.from));
  const [until, setUntil] = useState(localOf(range.until));
  const [isWrong, setWrong] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    const [begin, end] = [new Date(from).getTime() / 1000, new Date(until).getTime() / 1000];
    if (begin < end) {
      lookAt(begin, end);
      onClose();
    } else {
      setWrong(true);
    }
  };
  return (
    <Dialog title={t("range.custom")} onClose={onClose}>
      <form class="form" noValidate onSubmit={submit}>
        <TextField type="datetime-local" label={t("range.from")} value={from} onValue={setFrom} dir="ltr" />
        <TextField type="datetime-local" label={t("range.until")} value={until} onValue={setUntil} dir="ltr" wrong={isWrong ? t("range.wrong") : undefined} />
        <div class="form-end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" look="primary">
            {t("range.show")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Whether keys typed just now belong to what is focused. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, button, a, dialog, [contenteditable]") !== null;
}

function usePauseKey(): void {
  const isOff = useStore(preferences).keys === "off";
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.code === "Space" && !isOff && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        setPaused(liveness.get() !== "paused");
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [isOff]);
}

function Span({ range }: { range: Range }) {
  return (
    <span class="small">
      {formatDate(range.from * 1000)} – {formatDate(range.until * 1000)}
    </span>
  );
}

export function RangePicker({ range, canCompare = false }: { range: Range; canCompare?: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const isCompared = useQuery("compare") !== "";
  const isPaused = useStore(liveness) === "paused";
  usePauseKey();
  return (
    <div class="range" role="group" aria-label={t("range.label")}>
      <div class="segments">
        {(Object.keys(PRESETS) as Preset[]).map((name) => (
          <button key={name} type="button" aria-pressed={range.name === name} onClick={() => lookAtPreset(name)}>
            {t(`range.${name}`)}
          </button>
        ))}
        <button type="button" aria-pressed={range.name === "custom"} onClick={() => setOpen(true)}>
          {range.name === "custom" ? <Span range={range} /> : t("range.custom")}
        </button>
      </div>
      {canCompare && (
        <Choice isOn={isCompared} onChoice={(isOn) => setQuery({ compare: isOn ? "previous" : undefined })}>
          {t("range.compare")}
        </Choice>
      )}
      {range.name === "custom" ? (
        <Button isSmall icon={clock} onClick={() => lookAtPreset("1h")}>
          {t("range.now")}
        </Button>
      ) : (
        <Button isSmall icon={isPaused ? play : pause} onClick={() => setPaused(!isPaused)}>
          {t(isPaused ? "range.play" : "range.pause")}
        </Button>
      )}
      {isOpen && <Custom range={range} onClose={() => setOpen(false)} />}
    </div>
  );
}
