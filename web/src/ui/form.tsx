// A form: sends once, focuses what is wrong, and says what is wrong with the whole.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { Act } from "../lib/load";
import { focusWrong } from "./field";
import { ProblemNotice } from "./problem";

interface Props {
  act: Act<[]>;
  /** The names of the fields that show for themselves what is wrong with them. */
  fields?: readonly string[];
  /** Whether the form shows the problem at a field by itself. */
  isShownAtFields?: boolean;
  onDone?(): void;
  children: ComponentChildren;
}

export function Form({ act, fields = [], isShownAtFields = false, onDone, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const { problem } = act;
  const isAtFields = isShownAtFields || problem?.fields.some((field) => fields.some((name) => problem.field(name) === field));
  useEffect(() => {
    if (problem !== undefined) {
      focusWrong(form.current);
    }
  }, [problem]);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await act.run()) {
      onDone?.();
    }
  };
  return (
    <form class="form" ref={form} noValidate onSubmit={submit}>
      {problem && !isAtFields && <ProblemNotice problem={problem} onOver={act.clear} />}
      {children}
    </form>
  );
}
