// A dialog: the browser's own, which keeps focus inside and gives it back when it closes.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { type Act, useAct } from "../lib/load";
import { wordsOf } from "../lib/words";
import { Button } from "./button";
import { TextField } from "./field";
import { Form } from "./form";

const t = wordsOf();

interface Props {
  title: ComponentChildren;
  isWide?: boolean;
  onClose(): void;
  children: ComponentChildren;
}

/** Is open for as long as it is drawn. */
export function Dialog({ title, isWide = false, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => opener?.focus();
  }, []);
  const clickOutside = (event: MouseEvent) => event.target === dialog.current && onClose();
  return (
    <dialog ref={dialog} class={isWide ? "dialog wide" : "dialog"} aria-labelledby={id} onClose={onClose} onMouseDown={clickOutside}>
      <div>
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: ComponentChildren;
  /** What will happen, and to what. */
  children: ComponentChildren;
  /** What the button says: the act, not "OK". */
  label: string;
  isDanger?: boolean;
  /** A text that has to be typed first, for what cannot be undone. */
  typed?: string;
  act(): Promise<unknown>;
  onClose(): void;
}

/** Asks before an act. It stays open, with what is wrong, when the act fails. */
export function Confirm({ title, children, label, isDanger = false, typed, act, onClose }: ConfirmProps) {
  const [text, setText] = useState("");
  const isTyped = typed === undefined || text.trim() === typed;
  const doing = useAct(act);
  const guarded: Act<[]> = { ...doing, run: async () => isTyped && doing.run() };
  return (
    <Dialog title={title} onClose={onClose}>
      <Form act={guarded} onDone={onClose}>
        <div class="stack small">{children}</div>
        {typed !== undefined && (
          <TextField label={t.rich("dialog.type", { text: <bdi dir="ltr"><strong>{typed}</strong></bdi> })} value={text} onValue={setText} dir="ltr" autocomplete="off" />
        )}
        <div class="form-end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" look={isDanger ? "primary danger" : "primary"} isBusy={doing.isBusy} disabled={!isTyped}>
            {label}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
