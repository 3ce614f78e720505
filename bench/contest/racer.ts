import { spawn, type ChildProcess } from "node:child_process";
import type { CommandName, Commands, Reply, Request } from "../child/protocol.ts";

/** Maximum kept error output of a process, in characters. */
const keptErrors = 4_000;
const flags = ["--expose-gc", "--max-old-space-size=8192"];

/** A contestant in its own process, on plain Node. */
export class Racer {
  readonly #child: ChildProcess;
  #errors = "";
  #reply: (reply: Reply) => void = () => {};

  constructor(program: string, environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [...flags, program], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, NODE_ENV: "production", ...environment },
    });
    this.#child.stderr?.on(
      "data",
      (data: Buffer) => (this.#errors = (this.#errors + data.toString()).slice(-keptErrors)),
    );
    this.#child.on("message", (reply) => this.#reply(reply as Reply));
    this.#child.on("exit", (code, signal) =>
      this.#reply({ error: `it ended with ${signal ?? code}. ${this.#errors}` }),
    );
    this.#child.on("error", (error) => this.#reply({ error: error.message }));
  }

  /** Rejects when the contestant fails, ends, or takes longer than `limitMs`; it is then unusable. */
  async ask<C extends CommandName>(
    command: C,
    options: Commands[C]["options"],
    limitMs = 60_000,
  ): Promise<Commands[C]["answer"]> {
    if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}. ${this.#errors}`);
    const request: Request<C> = { command, options };
    const reply = await new Promise<Reply>((resolve) => {
      const timer = setTimeout(() => resolve({ error: `no answer to ${command} in ${limitMs} ms` }), limitMs);
      this.#reply = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#child.send(request, (error) => error && this.#reply({ error: error.message }));
    });
    if ("error" in reply) throw new Error(reply.error);
    return reply.answer as Commands[C]["answer"];
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}
