/** True in CI, as `CI` says. */
export const ci: boolean = !["", "0", "false"].includes(process.env.CI ?? "");

/** The factor of all time limits: they end hangs, and a machine of CI may be slow for minutes. */
export const patience: number = ci ? 5 : 1;

/** The lease of contract cases, in ms. It outlasts a second in which a machine of CI stands still. */
export const leaseMs: number = ci ? 3_000 : 1_000;
