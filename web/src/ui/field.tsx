// Fields of forms: a label, a hint and what is wrong, tied to the input for those who hear the page.
import type { ComponentChildren, JSX } from "preact";
import { useId, useState } from "preact/hooks";

import type { Problem } from "../lib/api/problem";
import { wordsOf } from "../lib/words";
import { Icon } from "./icon";
import { alert, eye, eyeOff } from "./icons";

const t = wordsOf();

/** What is wrong with a field, in the page's language: by its code, else as the server says it. */
export function wrongOf(problem: Problem | undefined, name: string): string | undefined {
  const field = problem?.field(name);
  return field && t.maybe(`problem.${field.code}`, field.detail);
}

export function Wrong({ id, children }: { id?: string; children: ComponentChildren }) {
  return (
    <p class="wrong" id={id}>
      <Icon d={alert} />
      <span>{children}</span>
    </p>
  );
}

interface FrameProps {
  label: ComponentChildren;
  hint?: ComponentChildren;
  wrong?: string | undefined;
  /** A link at the end of the label's line. */
  aside?: ComponentChildren;
}

interface Tied {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

function Frame({ label, hint, wrong, aside, children }: FrameProps & { children: (tied: Tied) => ComponentChildren }) {
  const id = useId();
  const told = [hint ? `${id}-hint` : "", wrong ? `${id}-wrong` : ""].filter(Boolean).join(" ");
  const named = (
    <label for={id} class="label">
      {label}
    </label>
  );
  return (
    <div class="field">
      {aside ? (
        <div class="label-row">
          {named}
          {aside}
        </div>
      ) : (
        named
      )}
      {children({ id, "aria-describedby": told || undefined, "aria-invalid": wrong ? true : undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {wrong && <Wrong id={`${id}-wrong`}>{wrong}</Wrong>}
    </div>
  );
}

interface TextProps extends FrameProps, Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "label" | "value" | "onInput"> {
  value: string;
  onValue(value: string): void;
}

/** A line of text. Its direction is that of what is written in it, unless `dir` says otherwise. */
export function TextField({ label, hint, wrong, aside, value, onValue, ...rest }: TextProps) {
  return (
    <Frame label={label} hint={hint} wrong={wrong} aside={aside}>
      {(tied) => (
        <input type="text" dir="auto" {...rest} {...tied} class="input" value={value} onInput={(event) => onValue(event.currentTarget.value)} />
      )}
    </Frame>
  );
}

/** A password, with a button that shows it. */
export function PasswordField({ label, hint, wrong, aside, value, onValue, ...rest }: TextProps) {
  const [isShown, setShown] = useState(false);
  const says = t(isShown ? "field.hide" : "field.show");
  return (
    <Frame label={label} hint={hint} wrong={wrong} aside={aside}>
      {(tied) => (
        <div class="with-end">
          <input
            dir="ltr"
            spellcheck={false}
            autocapitalize="off"
            {...rest}
            {...tied}
            type={isShown ? "text" : "password"}
            class="input"
            value={value}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
          <button type="button" class="button quiet icon" aria-label={says} title={says} aria-pressed={isShown} onClick={() => setShown(!isShown)}>
            <Icon d={isShown ? eyeOff : eye} />
          </button>
        </div>
      )}
    </Frame>
  );
}

interface SelectProps extends FrameProps {
  value: string;
  options: readonly { value: string; label: string }[];
  onValue(value: string): void;
}

export function SelectField({ label, hint, wrong, aside, value, options, onValue }: SelectProps) {
  return (
    <Frame label={label} hint={hint} wrong={wrong} aside={aside}>
      {(tied) => (
        <select {...tied} class="input" value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Frame>
  );
}

interface AreaProps extends FrameProps {
  value: string;
  rows?: number;
  maxLength?: number;
  onValue(value: string): void;
}

export function TextArea({ label, hint, wrong, aside, value, onValue, ...rest }: AreaProps) {
  return (
    <Frame label={label} hint={hint} wrong={wrong} aside={aside}>
      {(tied) => <textarea dir="auto" {...rest} {...tied} class="input" value={value} onInput={(event) => onValue(event.currentTarget.value)} />}
    </Frame>
  );
}

interface ChoiceProps {
  isOn: boolean;
  onChoice(isOn: boolean): void;
  isDisabled?: boolean;
  children: ComponentChildren;
}

/** A box to tick. */
export function Choice({ isOn, onChoice, isDisabled = false, children }: ChoiceProps) {
  return (
    <label class="choice">
      <input type="checkbox" checked={isOn} disabled={isDisabled} onChange={(event) => onChoice(event.currentTarget.checked)} />
      <span>{children}</span>
    </label>
  );
}

/** Focuses the first field of `form` that is wrong, once it is drawn. */
export function focusWrong(form: HTMLElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
}
