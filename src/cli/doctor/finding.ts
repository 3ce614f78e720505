/** The result of a check: `well`, `warning`, `problem`, or `skipped` for a check that could not be made. */
export interface Finding {
  /** The subject of the check, such as `Node` or `clock`. */
  readonly check: string;
  readonly state: "well" | "warning" | "problem" | "skipped";
  /** The observation, in a sentence. */
  readonly text: string;
  /** The cure of a warning or a problem. */
  readonly cure?: string;
}

export function well(check: string, text: string): Finding {
  return { check, state: "well", text };
}

export function skipped(check: string, text: string): Finding {
  return { check, state: "skipped", text };
}

export function warning(check: string, text: string, cure: string): Finding {
  return { check, state: "warning", text, cure };
}

export function problem(check: string, text: string, cure: string): Finding {
  return { check, state: "problem", text, cure };
}
