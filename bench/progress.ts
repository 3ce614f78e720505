/** Says what is being done, where it does not get among the results. */
export function progress(text: string): void {
  process.stderr.write(`  ${text}\n`);
}
